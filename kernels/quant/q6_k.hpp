// q6_k: 256 codes of 6 bits in 16 sub-blocks of 16: value = d * scale * (code - 32); 6.5625 bits per value.
// For value 128 h + 32 j + l (h = 0..1, j = 0..3, l = 0..31): the low four bits are the low (j < 2) or high half of
// low[64 h + 32 (j % 2) + l], the upper two are bits 2 j and 2 j + 1 of high[32 h + l].
// Source: GGUF specification, block_q6_K.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ6K {
  std::uint8_t low[128];
  std::uint8_t high[64];
  std::int8_t scales[16];
  std::uint8_t d[2];  // f16
};
static_assert(sizeof(BlockQ6K) == 210);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q6_k(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
