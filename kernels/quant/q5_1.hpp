// q5_1: 32 codes of 5 bits share an f16 scale and an f16 minimum: value = d * code + m; 6 bits per value.
// Byte i holds the low four bits of values i and 16 + i; bit i of `high` (little endian) is the fifth bit of value i.
// Source: GGUF specification, block_q5_1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ5_1 {
  std::uint8_t d[2];  // f16
  std::uint8_t m[2];  // f16
  std::uint8_t high[4];
  std::uint8_t q[16];
};
static_assert(sizeof(BlockQ5_1) == 24);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q5_1(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
