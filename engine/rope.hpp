// Rotary position embedding as data: one angle per pair and position, scaled as the model asks (linear, YaRN, per-pair
// factors). The rotation itself is a kernel. Threads: const after creation.
// Source: RoFormer (arXiv 2104.09864); YaRN (arXiv 2309.00071, section 3.2 "NTK-by-parts" and 3.4 attention scaling).
#pragma once

#include "engine/rope_params.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine {

class RopeTable {
 public:
  RopeTable() = default;
  // factors: [n_rot / 2] divisors of the frequencies (rope_freqs.weight), or empty.
  RopeTable(const RopeParams& params, std::span<const float> factors);

  std::uint32_t n_rot() const noexcept { return static_cast<std::uint32_t>(2 * frequency_.size()); }
  // out: n_rot / 2 cosines, then n_rot / 2 sines, both times the attention factor.
  void fill(std::uint32_t position, float* out) const noexcept;

 private:
  std::vector<double> frequency_;  // [n_rot / 2] radians per position
  double magnitude_ = 1.0;
};

}  // namespace quern::engine
