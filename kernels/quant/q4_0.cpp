#include "kernels/quant/q4_0.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q4_0(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ4_0*>(blocks);
  for (; n >= 32; n -= 32, out += 32, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 16; ++i) {
      out[i] = static_cast<float>((block->q[i] & 15) - 8) * d;
      out[i + 16] = static_cast<float>((block->q[i] >> 4) - 8) * d;
    }
  }
}

}  // namespace quern::kernels
