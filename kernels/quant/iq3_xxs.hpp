// iq3_xxs: 256 values in 8 sub-blocks of 32: value = d * (0.5 + scale) / 2 * sign * point; 3.0625 bits per value.
// index[i] is the point (iq_grids.hpp) of values 4 i .. 4 i + 3. words[s] (little endian) belongs to sub-block s: bits
// 7 l .. 7 l + 6 are seven signs (iq_signs.hpp) of its values 8 l .. 8 l + 7, and the top four bits are the scale.
// Source: GGUF specification, block_iq3_xxs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq3Xxs {
  std::uint8_t d[2];  // f16
  std::uint8_t index[64];
  std::uint8_t words[8][4];
};
static_assert(sizeof(BlockIq3Xxs) == 98);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq3_xxs(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
