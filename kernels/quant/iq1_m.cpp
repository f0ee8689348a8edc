#include "kernels/quant/iq1_m.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/iq_grids.hpp"

namespace quern::kernels {
namespace {

float block_scale(const BlockIq1M& block) noexcept {
  unsigned bits = 0;
  for (int w = 0; w < 4; ++w) bits |= unsigned{load_u16(block.words[w])} >> 12 << (4 * w);
  return f16_to_f32(static_cast<std::uint16_t>(bits));
}

}  // namespace

void dequantize_iq1_m(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockIq1M*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = block_scale(*block);
    for (int p = 0; p < 32; ++p, out += 8) {
      const int code = load_u16(block->words[p / 8]) >> (p / 2 % 4 * 3) & 7;
      const float scale = d * static_cast<float>(2 * code + 1);
      const int high = block->high[p / 2] >> (p % 2 * 4) & 15;
      const int shift = (high & 8) != 0 ? -1 : 1;
      const int index = block->low[p] | (high & 7) << 8;
      for (int j = 0; j < 8; ++j) {
        out[j] = scale * (0.125f * static_cast<float>(kGridIq1.points[index][j] + shift));
      }
    }
  }
}

}  // namespace quern::kernels
