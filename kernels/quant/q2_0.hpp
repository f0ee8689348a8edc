// q2_0: 64 codes of 2 bits share one f16 scale: value = d * (code - 1); 2.25 bits per value.
// Value i is bits 2 (i % 4) and 2 (i % 4) + 1 of byte i / 4.
// Source: GGUF specification, block_q2_0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ2_0 {
  std::uint8_t d[2];  // f16
  std::uint8_t q[16];
};
static_assert(sizeof(BlockQ2_0) == 18);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q2_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
