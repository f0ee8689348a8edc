// iq2_xs: 256 values in 16 sub-blocks of 16: value = d * (0.5 + scale) / 4 * sign * point; 2.3125 bits per value.
// Word p (little endian) holds values 8 p .. 8 p + 7: a point (iq_grids.hpp) in its low 9 bits, seven signs
// (iq_signs.hpp) above. The scale of sub-block s is the low (s even) or high half of scales[s / 2].
// Source: GGUF specification, block_iq2_xs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq2Xs {
  std::uint8_t d[2];  // f16
  std::uint8_t words[32][2];
  std::uint8_t scales[8];
};
static_assert(sizeof(BlockIq2Xs) == 74);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq2_xs(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
