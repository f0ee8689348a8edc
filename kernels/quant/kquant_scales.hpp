// The 6-bit scales and mins of q4_k and q5_k: eight of each in 12 bytes.
// s < 4: scale = low six bits of byte s, min = low six bits of byte s + 4. s >= 4: the low four bits are the low
// (scale) or high (min) half of byte s + 4, the upper two are the top bits of byte s - 4 (scale) or s (min). Source:
// GGUF specification, block_q4_K.
#pragma once

#include <cstdint>

namespace quern::kernels {

struct ScaleMin {
  int scale, min;
};

constexpr ScaleMin kquant_scale_min(const std::uint8_t (&packed)[12], int s) noexcept {
  if (s < 4) return {packed[s] & 63, packed[s + 4] & 63};
  return {(packed[s + 4] & 15) | packed[s - 4] >> 6 << 4, packed[s + 4] >> 4 | packed[s] >> 6 << 4};
}

}  // namespace quern::kernels
