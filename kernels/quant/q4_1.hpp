// q4_1: 32 codes of 4 bits share an f16 scale and an f16 minimum: value = d * code + m; 5 bits per value.
// Byte i holds value i in its low half and value 16 + i in its high half.
// Source: GGUF specification, block_q4_1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ4_1 {
  std::uint8_t d[2];  // f16
  std::uint8_t m[2];  // f16
  std::uint8_t q[16];
};
static_assert(sizeof(BlockQ4_1) == 20);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q4_1(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
