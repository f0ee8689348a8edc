// q8_0: 32 signed bytes share one fp16 scale, value[i] = d * q[i]: 8.5 bits per value. Source: GGUF block_q8_0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ8_0 {
  std::uint16_t d;  // fp16
  std::array<std::int8_t, 32> q;
};
static_assert(sizeof(BlockQ8_0) == 34);  // file format: do not reorder or pad

// out[n]: n is a multiple of the block's values. Evaluated in F32 in the order of the reference.
void dequantize_q8_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
