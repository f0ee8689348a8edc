// q5_k: 256 codes of 5 bits in 8 sub-blocks of 32: value = d * scale * code - dmin * min; 5.5 bits per value.
// Scales and mins have 6 bits each, packed as in kquant_scales.hpp. Low four bits of the codes as in q4_k; bit s of
// high[l] is the fifth bit of value 32 s + l. Source: GGUF specification, block_q5_K.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockQ5K {
  std::uint8_t d[2];     // f16
  std::uint8_t dmin[2];  // f16
  std::uint8_t scales[12];
  std::uint8_t high[32];
  std::uint8_t q[128];
};
static_assert(sizeof(BlockQ5K) == 176);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_q5_k(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
