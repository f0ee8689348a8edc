#include "kernels/quant/q5_k.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/kquant_scales.hpp"

namespace quern::kernels {

void dequantize_q5_k(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ5K*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = load_f16(block->d), dmin = load_f16(block->dmin);
    for (int s = 0; s < 8; ++s, out += 32) {
      const ScaleMin sm = kquant_scale_min(block->scales, s);
      const float scale = d * static_cast<float>(sm.scale), minimum = dmin * static_cast<float>(sm.min);
      const std::uint8_t* q = block->q + s / 2 * 32;
      for (int i = 0; i < 32; ++i) {
        const int code = ((q[i] >> (s % 2 * 4)) & 15) | ((block->high[i] >> s) & 1) << 4;
        out[i] = scale * static_cast<float>(code) - minimum;
      }
    }
  }
}

}  // namespace quern::kernels
