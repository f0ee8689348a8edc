#include "kernels/quant/mxfp4.hpp"

#include "kernels/quant/e2m1_codebook.hpp"

#include <bit>

namespace quern::kernels {
namespace {

// 2^(exponent - 128); the two smallest are subnormal.
float half_of_e8m0(std::uint8_t exponent) noexcept {
  const std::uint32_t bits = exponent < 2 ? 0x00200000u << exponent : (exponent - 1u) << 23;
  return std::bit_cast<float>(bits);
}

}  // namespace

void dequantize_mxfp4(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockMxfp4*>(blocks);
  for (; n >= 32; n -= 32, out += 32, ++block) {
    const float half_scale = half_of_e8m0(block->exponent);
    for (int i = 0; i < 16; ++i) {
      out[i] = static_cast<float>(kDoubledE2M1[block->q[i] & 15]) * half_scale;
      out[i + 16] = static_cast<float>(kDoubledE2M1[block->q[i] >> 4]) * half_scale;
    }
  }
}

}  // namespace quern::kernels
