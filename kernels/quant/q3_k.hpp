// q3_k: 256 codes of 3 bits in 16 sub-blocks of 16: value = d * (scale - 32) * (code - 4); 3.4375 bits per value.
// Low two bits as in q2_k. Bit 4 h + j of high[l] is the third bit of value 128 h + 32 j + l.
// Scales have 6 bits: the low four of scale s are the low (s < 8) or high half of scales[s % 8], the upper two are bits
// 2 (s / 4) and 2 (s / 4) + 1 of scales[8 + s % 4].
// Source: GGUF specification, block_q3_K.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ3K {
  std::uint8_t high[32];
  std::uint8_t q[64];
  std::uint8_t scales[12];
  std::uint8_t d[2];  // f16
};
static_assert(sizeof(BlockQ3K) == 110);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q3_k(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
