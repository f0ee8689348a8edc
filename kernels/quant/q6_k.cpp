#include "kernels/quant/q6_k.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_q6_k(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockQ6K*>(blocks);
  for (std::size_t b = 0; b < n / 256; ++b, ++block) {
    const float d = f16_to_f32(block->d);
    for (std::size_t quarter = 0; quarter < 8; ++quarter, out += 32) {
      const std::size_t half = quarter / 4, k = quarter % 4;  // 32 values of this half share a nibble and a 2-bit field
      const std::uint8_t* low = block->low.data() + half * 64 + k % 2 * 32;
      const std::uint8_t* high = block->high.data() + half * 32;
      for (std::size_t i = 0; i < 32; ++i) {
        const int code = (k < 2 ? low[i] & 15 : low[i] >> 4) | (high[i] >> (2 * k) & 3) << 4;
        const float scale = d * static_cast<float>(block->scales[quarter * 2 + i / 16]);
        out[i] = scale * static_cast<float>(code - 32);
      }
    }
  }
}

}  // namespace quern::kernels
