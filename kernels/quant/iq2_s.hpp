// iq2_s: 256 values in 16 sub-blocks of 16: value = d * (0.5 + scale) / 4 * sign * point; 2.5625 bits per value.
// Values 8 p .. 8 p + 7 are one point (iq_grids.hpp) of a 10-bit index: low[p], and above it bits 2 (p % 4) and 2 (p %
// 4) + 1 of high[p / 4]. Bit j of signs[p]: value j of the point is negative. Scales as in iq2_xs.
// Source: GGUF specification, block_iq2_s.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq2S {
  std::uint8_t d[2];  // f16
  std::uint8_t low[32];
  std::uint8_t signs[32];
  std::uint8_t high[8];
  std::uint8_t scales[8];
};
static_assert(sizeof(BlockIq2S) == 82);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq2_s(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
