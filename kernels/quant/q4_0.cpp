#include "kernels/quant/q4_0.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q4_0(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ4_0*>(blocks);
  for (std::size_t b = 0; b < n / 32; ++b, ++block, out += 32) {
    const float d = f16_to_f32(block->d);
    for (std::size_t i = 0; i < 16; ++i) {
      out[i] = static_cast<float>((block->q[i] & 15) - 8) * d;
      out[i + 16] = static_cast<float>((block->q[i] >> 4) - 8) * d;
    }
  }
}

}  // namespace quern::kernels
