#include "kernels/quant/iq3_s.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/iq_grids.hpp"
#include "kernels/quant/iq_signs.hpp"

namespace quern::kernels {

void dequantize_iq3_s(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockIq3S*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 64; ++i, out += 4) {
      const int code = (block->scales[i / 16] >> (i / 8 % 2 * 4)) & 15;
      const float scale = d * static_cast<float>(1 + 2 * code);
      const int high = (block->high[i / 8] >> (i % 8)) & 1;
      const unsigned signs = block->signs[i / 2];
      signed_values(scale, kGridIq3S.points[block->low[i] | high << 8], i % 2 == 0 ? signs : signs >> 4, out);
    }
  }
}

}  // namespace quern::kernels
