#include "kernels/quant/iq3_xxs.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/iq_grids.hpp"
#include "kernels/quant/iq_signs.hpp"

namespace quern::kernels {

void dequantize_iq3_xxs(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockIq3Xxs*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = load_f16(block->d);
    const std::uint8_t* index = block->index;
    for (const auto& bytes : block->words) {
      const std::uint32_t word = load_u32(bytes);
      const float scale = d * (0.5f + static_cast<float>(word >> 28)) * 0.5f;
      for (int l = 0; l < 4; ++l, index += 2, out += 8) {
        const unsigned signs = even_signs(word >> (7 * l) & 127u);
        signed_values(scale, kGridIq3Xxs.points[index[0]], signs, out);
        signed_values(scale, kGridIq3Xxs.points[index[1]], signs >> 4, out + 4);
      }
    }
  }
}

}  // namespace quern::kernels
