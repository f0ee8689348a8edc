// q2_k: 256 codes of 2 bits in 16 sub-blocks of 16: value = d * scale * code - dmin * min; 2.625 bits per value.
// scales[s]: scale in the low half, min in the high half. The codes of values 128 h + 32 j + l (h = 0..1, j = 0..3,
// l = 0..31) are bits 2 j and 2 j + 1 of byte 32 h + l.
// Source: GGUF specification, block_q2_K.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ2K {
  std::uint8_t scales[16];
  std::uint8_t q[64];
  std::uint8_t d[2];     // f16
  std::uint8_t dmin[2];  // f16
};
static_assert(sizeof(BlockQ2K) == 84);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q2_k(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
