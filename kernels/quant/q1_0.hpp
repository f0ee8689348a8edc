// q1_0: 128 signs share one f16 scale: value = d where the bit is set, -d where it is not; 1.125 bits per value.
// Value i is bit i % 8 of byte i / 8.
// Source: GGUF specification, block_q1_0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ1_0 {
  std::uint8_t d[2];  // f16
  std::uint8_t q[16];
};
static_assert(sizeof(BlockQ1_0) == 18);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q1_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
