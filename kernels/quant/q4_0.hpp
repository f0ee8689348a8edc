// q4_0: 32 four-bit codes share one fp16 scale, value = d * (code - 8): 4.5 bits per value.
// Low nibbles are values 0..15, high nibbles 16..31. Source: GGUF block_q4_0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ4_0 {
  std::uint16_t d;  // fp16
  std::array<std::uint8_t, 16> q;
};
static_assert(sizeof(BlockQ4_0) == 18);  // file format: do not reorder or pad

// out[n]: n is a multiple of the block's values. Evaluated in F32 in the order of the reference.
void dequantize_q4_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
