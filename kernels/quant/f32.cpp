#include "kernels/quant/f32.hpp"

#include <cstring>

namespace quern::kernels {

void dequantize_f32(const void* blocks, std::size_t n, float* out) noexcept {
  std::memcpy(out, blocks, n * sizeof(float));
}

}  // namespace quern::kernels
