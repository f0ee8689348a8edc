#include "kernels/quant/iq2_xxs.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/iq_grids.hpp"
#include "kernels/quant/iq_signs.hpp"

namespace quern::kernels {

void dequantize_iq2_xxs(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockIq2Xxs*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = load_f16(block->d);
    for (const auto& sub : block->sub) {
      const std::uint32_t word = load_u32(sub.word);
      const float scale = d * (0.5f + static_cast<float>(word >> 28)) * 0.25f;
      for (int l = 0; l < 4; ++l, out += 8) {
        signed_values(scale, kGridIq2Xxs.points[sub.index[l]], even_signs(word >> (7 * l) & 127u), out);
      }
    }
  }
}

}  // namespace quern::kernels
