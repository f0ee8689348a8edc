#include "kernels/quant/q3_k.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {
namespace {

int sub_block_scale(const BlockQ3K& block, int s) noexcept {
  const int low = s < 8 ? block.scales[s] & 15 : block.scales[s - 8] >> 4;
  const int high = (block.scales[8 + s % 4] >> (s / 4 * 2)) & 3;
  return low | high << 4;
}

}  // namespace

void dequantize_q3_k(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ3K*>(blocks);
  for (; n >= 256; n -= 256, out += 256, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 256; ++i) {
      const float scale = d * static_cast<float>(sub_block_scale(*block, i / 16) - 32);
      const int low = (block->q[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2)) & 3;
      const int third = (block->high[i % 32] >> (i / 32)) & 1;
      out[i] = scale * static_cast<float>((low | third << 2) - 4);
    }
  }
}

}  // namespace quern::kernels
