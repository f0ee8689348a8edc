// Pseudo-random bytes at several GB/s. Threads: one thread per generator.
#pragma once

#include "base/xoshiro.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace quern::app {

class RandomBytes {
 public:
  // Equal (seed, stream) give equal bytes; different streams of one seed are independent.
  RandomBytes(std::uint64_t seed, std::uint64_t stream) noexcept : words_(seed ^ split_mix(stream)) {}

  std::uint64_t next() noexcept { return words_.next(); }

  void fill(std::span<std::byte> out) noexcept {
    for (; out.size() >= sizeof(std::uint64_t); out = out.subspan(sizeof(std::uint64_t))) {
      const std::uint64_t word = next();
      std::memcpy(out.data(), &word, sizeof word);
    }
    const std::uint64_t last = next();
    if (!out.empty()) std::memcpy(out.data(), &last, out.size());
  }

 private:
  Xoshiro256 words_;
};

}  // namespace quern::app
