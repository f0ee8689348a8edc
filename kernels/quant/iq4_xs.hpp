// iq4_xs: 256 indexes into the table of iq4_nl in 8 sub-blocks of 32: value = d * (scale - 32) * table[index];
// 4.25 bits per value. Scales have 6 bits: the low four in scales_low (two per byte, low half first), the upper two of
// scale s are bits 2 s and 2 s + 1 of scales_high (little endian). Codes of a sub-block as in iq4_nl.
// Source: GGUF specification, block_iq4_xs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq4Xs {
  std::uint8_t d[2];  // f16
  std::uint8_t scales_high[2];
  std::uint8_t scales_low[4];
  std::uint8_t q[128];
};
static_assert(sizeof(BlockIq4Xs) == 136);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq4_xs(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
