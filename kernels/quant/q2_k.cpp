#include "kernels/quant/q2_k.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q2_k(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ2K*>(blocks);
  for (; n >= 256; n -= 256, out += 256, ++block) {
    const float d = load_f16(block->d), dmin = load_f16(block->dmin);
    for (int i = 0; i < 256; ++i) {
      const std::uint8_t scales = block->scales[i / 16];
      const int code = (block->q[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2)) & 3;
      const float scale = d * static_cast<float>(scales & 15);
      const float minimum = dmin * static_cast<float>(scales >> 4);
      out[i] = scale * static_cast<float>(code) - minimum;
    }
  }
}

}  // namespace quern::kernels
