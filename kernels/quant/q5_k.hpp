// q5_k: q4_k with a fifth bit per code: bit j of high[i] belongs to code i of sub-block j. 5.5 bits per value.
// Source: GGUF block_q5_K.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ5K {
  std::uint16_t d, dmin;                // fp16
  std::array<std::uint8_t, 12> scales;  // k_scales.hpp
  std::array<std::uint8_t, 32> high;
  std::array<std::uint8_t, 128> q;
};
static_assert(sizeof(BlockQ5K) == 176);  // file format: do not reorder or pad

// out[n]: n is a multiple of the block's values. Evaluated in F32 in the order of the reference.
void dequantize_q5_k(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
