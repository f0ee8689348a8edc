#include "kernels/quant/iq2_s.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/iq_grids.hpp"
#include "kernels/quant/iq_signs.hpp"

namespace quern::kernels {

void dequantize_iq2_s(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockIq2S*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = load_f16(block->d);
    for (int p = 0; p < 32; ++p, out += 8) {
      const int code = (block->scales[p / 4] >> (p / 2 % 2 * 4)) & 15;
      const float scale = d * (0.5f + static_cast<float>(code)) * 0.25f;
      const int high = (block->high[p / 4] >> (p % 4 * 2)) & 3;
      signed_values(scale, kGridIq2S.points[block->low[p] | high << 8], block->signs[p], out);
    }
  }
}

}  // namespace quern::kernels
