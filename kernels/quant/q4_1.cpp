#include "kernels/quant/q4_1.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q4_1(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ4_1*>(blocks);
  for (; n >= 32; n -= 32, out += 32, ++block) {
    const float d = load_f16(block->d), m = load_f16(block->m);
    for (int i = 0; i < 16; ++i) {
      out[i] = static_cast<float>(block->q[i] & 15) * d + m;
      out[i + 16] = static_cast<float>(block->q[i] >> 4) * d + m;
    }
  }
}

}  // namespace quern::kernels
