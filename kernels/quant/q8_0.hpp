// q8_0: 32 signed bytes share one f16 scale: value[i] = d * q[i]; 8.5 bits per value.
// Source: GGUF specification, block_q8_0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ8_0 {
  std::uint8_t d[2];  // f16
  std::int8_t q[32];
};
static_assert(sizeof(BlockQ8_0) == 34);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q8_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
