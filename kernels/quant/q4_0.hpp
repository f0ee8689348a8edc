// q4_0: 32 codes of 4 bits share one f16 scale: value = d * (code - 8); 4.5 bits per value.
// Byte i holds value i in its low half and value 16 + i in its high half.
// Source: GGUF specification, block_q4_0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ4_0 {
  std::uint8_t d[2];  // f16
  std::uint8_t q[16];
};
static_assert(sizeof(BlockQ4_0) == 18);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q4_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
