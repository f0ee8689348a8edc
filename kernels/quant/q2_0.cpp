#include "kernels/quant/q2_0.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q2_0(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ2_0*>(blocks);
  for (; n >= 64; n -= 64, out += 64, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 64; ++i) out[i] = static_cast<float>(((block->q[i / 4] >> (i % 4 * 2)) & 3) - 1) * d;
  }
}

}  // namespace quern::kernels
