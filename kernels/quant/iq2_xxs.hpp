// iq2_xxs: 256 values in 8 sub-blocks of 32: value = d * (0.5 + scale) / 4 * sign * point; 2.0625 bits per value.
// A sub-block has 4 points of 8 values (iq_grids.hpp): index[l] is the point of values 8 l .. 8 l + 7, bits 7 l .. 7 l
// + 6 of the word (little endian) are its signs (seven of them: iq_signs.hpp), and the top four bits are the scale.
// Source: GGUF specification, block_iq2_xxs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq2Xxs {
  std::uint8_t d[2];  // f16
  struct {
    std::uint8_t index[4];
    std::uint8_t word[4];
  } sub[8];
};
static_assert(sizeof(BlockIq2Xxs) == 66);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq2_xxs(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
