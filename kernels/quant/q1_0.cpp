#include "kernels/quant/q1_0.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q1_0(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ1_0*>(blocks);
  for (; n >= 128; n -= 128, out += 128, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 128; ++i) out[i] = (block->q[i / 8] >> (i % 8)) & 1 ? d : -d;
  }
}

}  // namespace quern::kernels
