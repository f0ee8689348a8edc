// The 8 six-bit scales and 8 six-bit minima that q4_k and q5_k pack into 12 bytes. Source: GGUF block_q4_K.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct KScale {
  std::uint8_t scale, min;  // 0..63
};

// Sub-blocks 0..3 lie in the low 6 bits of bytes j and j + 4; 4..7 take 4 bits from byte j + 4 and 2 top bits from the
// bytes of sub-block j - 4.
constexpr KScale k_scale(const std::uint8_t* packed, std::size_t j) noexcept {
  if (j < 4) return {static_cast<std::uint8_t>(packed[j] & 63), static_cast<std::uint8_t>(packed[j + 4] & 63)};
  return {static_cast<std::uint8_t>((packed[j + 4] & 15) | ((packed[j - 4] >> 6) << 4)),
          static_cast<std::uint8_t>((packed[j + 4] >> 4) | ((packed[j] >> 6) << 4))};
}

}  // namespace quern::kernels
