#include "kernels/quant/q6_k.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q6_k(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ6K*>(blocks);
  for (; n >= 256; n -= 256, out += 256, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 256; ++i) {
      const int h = i / 128, j = i / 32 % 4, l = i % 32;
      const int low = (block->low[64 * h + 32 * (j % 2) + l] >> (j / 2 * 4)) & 15;
      const int code = low | ((block->high[32 * h + l] >> (2 * j)) & 3) << 4;
      out[i] = d * static_cast<float>(block->scales[i / 16]) * static_cast<float>(code - 32);
    }
  }
}

}  // namespace quern::kernels
