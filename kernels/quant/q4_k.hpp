// q4_k: 256 codes of 4 bits in 8 sub-blocks of 32: value = d * scale * code - dmin * min; 4.5 bits per value.
// Scales and mins have 6 bits each, packed as in kquant_scales.hpp. Byte 32 p + l holds value 64 p + l in its low half
// and value 64 p + 32 + l in its high half (p = 0..3, l = 0..31).
// Source: GGUF specification, block_q4_K.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ4K {
  std::uint8_t d[2];     // f16
  std::uint8_t dmin[2];  // f16
  std::uint8_t scales[12];
  std::uint8_t q[128];
};
static_assert(sizeof(BlockQ4K) == 144);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q4_k(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
