#include "kernels/quant/tq1_0.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {
namespace {

float* decode_digits(const std::uint8_t* bytes, int n_bytes, int n_digits, float d, float* out) noexcept {
  constexpr int kPowersOf3[5] = {1, 3, 9, 27, 81};
  for (int n = 0; n < n_digits; ++n) {
    for (int l = 0; l < n_bytes; ++l) {
      const int shifted = (bytes[l] * kPowersOf3[n]) & 255;
      *out++ = static_cast<float>((shifted * 3 >> 8) - 1) * d;
    }
  }
  return out;
}

}  // namespace

void dequantize_tq1_0(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockTq1_0*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = load_f16(block->d);
    out = decode_digits(block->q, 32, 5, d, out);
    out = decode_digits(block->q + 32, 16, 5, d, out);
    out = decode_digits(block->last, 4, 4, d, out);
  }
}

}  // namespace quern::kernels
