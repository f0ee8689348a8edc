#include "kernels/quant/nvfp4.hpp"

#include "kernels/quant/e2m1_codebook.hpp"

namespace quern::kernels {
namespace {

// Half of the scale, because the codebook holds doubled values.
float half_of_e4m3(std::uint8_t code) noexcept {
  if (code == 0 || code == 127) return 0.0f;
  const int exponent = (code >> 3) & 15;
  const int mantissa = code & 7;
  const int significand = exponent == 0 ? mantissa : 8 + mantissa;    // in units of 2^-3
  const int power = (exponent == 0 ? 1 : exponent) - 7 - 3 - 1 + 32;  // >= 0: an integer shift, exact
  return static_cast<float>(static_cast<std::int64_t>(significand) << power) * 0x1p-32f;
}

}  // namespace

void dequantize_nvfp4(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockNvfp4*>(blocks);
  for (; n >= 64; n -= 64, ++block) {
    for (int s = 0; s < 4; ++s, out += 16) {
      const float half_scale = half_of_e4m3(block->scales[s]);
      const std::uint8_t* q = block->q + 8 * s;
      for (int i = 0; i < 8; ++i) {
        out[i] = static_cast<float>(kDoubledE2M1[q[i] & 15]) * half_scale;
        out[i + 8] = static_cast<float>(kDoubledE2M1[q[i] >> 4]) * half_scale;
      }
    }
  }
}

}  // namespace quern::kernels
