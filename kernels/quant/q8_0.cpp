#include "kernels/quant/q8_0.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q8_0(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ8_0*>(blocks);
  for (std::size_t b = 0; b < n / 32; ++b, ++block, out += 32) {
    const float d = f16_to_f32(block->d);
    for (std::size_t i = 0; i < 32; ++i) out[i] = static_cast<float>(block->q[i]) * d;
  }
}

}  // namespace quern::kernels
