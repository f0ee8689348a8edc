#include "kernels/quant/tq2_0.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_tq2_0(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockTq2_0*>(blocks);
  for (; n >= 256; n -= 256, out += 256, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 256; ++i) {
      const int code = (block->q[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2)) & 3;
      out[i] = static_cast<float>(code - 1) * d;
    }
  }
}

}  // namespace quern::kernels
