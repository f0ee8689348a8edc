// iq3_s: 256 values in 8 sub-blocks of 32: value = d * (1 + 2 * scale) * sign * point; 3.4375 bits per value.
// Values 4 i .. 4 i + 3 are one point (iq_grids.hpp) of a 9-bit index: low[i], and above it bit i % 8 of high[i / 8].
// Bit j of signs[p]: value 8 p + j is negative. The scale of sub-block s is the low (s even) or high half of
// scales[s / 2].
// Source: GGUF specification, block_iq3_s.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq3S {
  std::uint8_t d[2];  // f16
  std::uint8_t low[64];
  std::uint8_t high[8];
  std::uint8_t signs[32];
  std::uint8_t scales[4];
};
static_assert(sizeof(BlockIq3S) == 110);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq3_s(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
