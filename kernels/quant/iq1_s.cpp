#include "kernels/quant/iq1_s.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/iq_grids.hpp"

namespace quern::kernels {

void dequantize_iq1_s(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockIq1S*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = load_f16(block->d);
    for (int p = 0; p < 32; ++p, out += 8) {
      const int word = load_u16(block->words[p / 4]);
      const float scale = d * static_cast<float>(2 * (word >> 12 & 7) + 1);
      const int shift = (word & 0x8000) != 0 ? -1 : 1;
      const int index = block->low[p] | (word >> (p % 4 * 3) & 7) << 8;
      for (int j = 0; j < 8; ++j) {
        out[j] = scale * (0.125f * static_cast<float>(kGridIq1.points[index][j] + shift));
      }
    }
  }
}

}  // namespace quern::kernels
