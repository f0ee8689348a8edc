// q5_0: 32 codes of 5 bits share one f16 scale: value = d * (code - 16); 5.5 bits per value.
// Byte i holds the low four bits of values i and 16 + i; bit i of `high` (little endian) is the fifth bit of value i.
// Source: GGUF specification, block_q5_0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ5_0 {
  std::uint8_t d[2];  // f16
  std::uint8_t high[4];
  std::uint8_t q[16];
};
static_assert(sizeof(BlockQ5_0) == 22);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q5_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
