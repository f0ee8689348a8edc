#include "kernels/quant/iq4_xs.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/iq4_codebook.hpp"

namespace quern::kernels {

void dequantize_iq4_xs(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockIq4Xs*>(blocks);
  for (; n >= 256; n -= 256, ++block) {
    const float d = load_f16(block->d);
    const int high = load_u16(block->scales_high);
    for (int s = 0; s < 8; ++s, out += 32) {
      const int low = (block->scales_low[s / 2] >> (s % 2 * 4)) & 15;
      const float scale = d * static_cast<float>((low | ((high >> (2 * s)) & 3) << 4) - 32);
      const std::uint8_t* q = block->q + 16 * s;
      for (int i = 0; i < 16; ++i) {
        out[i] = scale * static_cast<float>(kIq4Codebook[q[i] & 15]);
        out[i + 16] = scale * static_cast<float>(kIq4Codebook[q[i] >> 4]);
      }
    }
  }
}

}  // namespace quern::kernels
