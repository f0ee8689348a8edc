#include "kernels/quant/q8_0.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q8_0(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ8_0*>(blocks);
  for (; n >= 32; n -= 32, out += 32, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(block->q[i]) * d;
  }
}

}  // namespace quern::kernels
