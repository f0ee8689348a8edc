#include "kernels/quant/q5_1.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q5_1(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ5_1*>(blocks);
  for (; n >= 32; n -= 32, out += 32, ++block) {
    const float d = load_f16(block->d), m = load_f16(block->m);
    for (int i = 0; i < 32; ++i) {
      const int low = i < 16 ? block->q[i] & 15 : block->q[i - 16] >> 4;
      const int fifth = (block->high[i / 8] >> i % 8) & 1;
      out[i] = static_cast<float>(low | fifth << 4) * d + m;
    }
  }
}

}  // namespace quern::kernels
