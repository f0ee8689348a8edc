// q4_k: 256 four-bit codes in 8 sub-blocks of 32 with six-bit scales and minima: value = d * scale * code - dmin * min,
// 4.5 bits per value. Each 32 bytes hold two sub-blocks: low nibbles, then high nibbles. Source: GGUF block_q4_K.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ4K {
  std::uint16_t d, dmin;                // fp16
  std::array<std::uint8_t, 12> scales;  // k_scales.hpp
  std::array<std::uint8_t, 128> q;
};
static_assert(sizeof(BlockQ4K) == 144);  // file format: do not reorder or pad

// out[n]: n is a multiple of the block's values. Evaluated in F32 in the order of the reference.
void dequantize_q4_k(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
