#include "kernels/quant/q4_k.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/k_scales.hpp"

namespace quern::kernels {

void dequantize_q4_k(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ4K*>(blocks);
  for (std::size_t b = 0; b < n / 256; ++b, ++block) {
    const float d = f16_to_f32(block->d), dmin = f16_to_f32(block->dmin);
    for (std::size_t j = 0; j < 8; ++j, out += 32) {
      const KScale s = k_scale(block->scales.data(), j);
      const float scale = d * s.scale, min = dmin * s.min;
      const std::uint8_t* q = block->q.data() + j / 2 * 32;
      for (std::size_t i = 0; i < 32; ++i)
        out[i] = scale * static_cast<float>(j % 2 == 0 ? q[i] & 15 : q[i] >> 4) - min;
    }
  }
}

}  // namespace quern::kernels
