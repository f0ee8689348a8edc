#include "kernels/quant/floats.hpp"

#include "kernels/quant/fp16.hpp"

#include <cstring>

namespace quern::kernels {

namespace {

// Rows of a file may be unaligned for their type.
std::uint16_t load_u16(const void* values, std::size_t i) noexcept {
  std::uint16_t v;
  std::memcpy(&v, static_cast<const char*>(values) + 2 * i, 2);
  return v;
}

}  // namespace

void dequantize_f32(const void* values, std::size_t n, float* out) noexcept {
  std::memcpy(out, values, n * sizeof(float));
}

void dequantize_f16(const void* values, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = f16_to_f32(load_u16(values, i));
}

void dequantize_bf16(const void* values, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = bf16_to_f32(load_u16(values, i));
}

}  // namespace quern::kernels
