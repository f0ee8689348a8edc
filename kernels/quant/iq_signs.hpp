// Signs of the points of iq2 and iq3: bit j of a byte says that value j is negative. iq2_xxs, iq2_xs and iq3_xxs store
// seven bits: the number of negative values is even, so the eighth bit is the parity of the others.
// Source: GGUF, table ksigns_iq2xs of ggml-common.h (part of the file format), which is this parity.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace quern::kernels {

constexpr unsigned even_signs(unsigned seven) noexcept {
  return seven | (static_cast<unsigned>(std::popcount(seven)) & 1u) << 7;
}

// out[kValues] = scale * point; value j is negative where bit j of signs is set.
template <std::size_t kValues>
void signed_values(float scale, const std::int8_t (&point)[kValues], unsigned signs, float* out) noexcept {
  for (std::size_t j = 0; j < kValues; ++j) {
    const float magnitude = scale * static_cast<float>(point[j]);
    out[j] = (signs >> j & 1u) != 0 ? -magnitude : magnitude;
  }
}

}  // namespace quern::kernels
