// The random numbers of one sequence, the same on every machine. Threads: one.
#pragma once

#include "base/xoshiro.hpp"

#include <cstdint>

namespace quern::engine::sampling {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) noexcept : words_(seed) {}

  std::uint64_t next() noexcept { return words_.next(); }
  // Uniform in [0, 1), a multiple of 2^-53.
  double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  Xoshiro256 words_;
};

}  // namespace quern::engine::sampling
