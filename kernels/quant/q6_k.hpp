// q6_k: 256 six-bit codes in 16 sub-blocks of 16 with signed 8-bit scales: value = d * scale * (code - 32), 6.5625 bits
// per value. Each half of 128 values: 64 bytes of low nibbles, 32 bytes with four 2-bit tops. Source: GGUF block_q6_K.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ6K {
  std::array<std::uint8_t, 128> low;
  std::array<std::uint8_t, 64> high;
  std::array<std::int8_t, 16> scales;
  std::uint16_t d;  // fp16
};
static_assert(sizeof(BlockQ6K) == 210);  // file format: do not reorder or pad

// out[n]: n is a multiple of the block's values. Evaluated in F32 in the order of the reference.
void dequantize_q6_k(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
