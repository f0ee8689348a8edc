#include "kernels/quant/f16.hpp"

#include "kernels/quant/fp16.hpp"

namespace quern::kernels {

void dequantize_f16(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* halves = static_cast<const std::uint8_t*>(blocks);
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = f16_to_f32(static_cast<std::uint16_t>(halves[2 * i] | halves[2 * i + 1] << 8));
  }
}

}  // namespace quern::kernels
