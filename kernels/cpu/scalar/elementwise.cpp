#include "kernels/cpu/scalar/kernels.hpp"
#include "kernels/quant/fp16.hpp"

#include <cmath>

namespace quern::kernels::scalar {

void rms_norm(const float* x, const float* w, float eps, std::size_t n, float* y) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  const double scale = 1.0 / std::sqrt(sum / static_cast<double>(n) + eps);
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i] * scale * w[i]);
}

namespace {

void rotate(float& a, float& b, float cosine, float sine) noexcept {
  const double a0 = a, b0 = b;
  a = static_cast<float>(a0 * cosine - b0 * sine);
  b = static_cast<float>(a0 * sine + b0 * cosine);
}

}  // namespace

void rope_interleaved(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot,
                      const float* cos_sin) noexcept {
  const std::size_t n_pairs = n_rot / 2;
  for (float* head = x; head != x + n_heads * d_head; head += d_head) {
    for (std::size_t i = 0; i < n_pairs; ++i) rotate(head[2 * i], head[2 * i + 1], cos_sin[i], cos_sin[n_pairs + i]);
  }
}

void rope_split(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot, const float* cos_sin) noexcept {
  const std::size_t n_pairs = n_rot / 2;
  for (float* head = x; head != x + n_heads * d_head; head += d_head) {
    for (std::size_t i = 0; i < n_pairs; ++i) rotate(head[i], head[n_pairs + i], cos_sin[i], cos_sin[n_pairs + i]);
  }
}

void silu_mul(const float* gate, const float* up, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const double g = gate[i];
    out[i] = static_cast<float>(g / (1.0 + std::exp(-g)) * up[i]);
  }
}

void add(const float* a, const float* b, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}

void add_scaled(const float* x, float scale, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(y[i] + static_cast<double>(scale) * x[i]);
}

void f32_to_f16(const float* x, std::size_t n, std::uint16_t* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = kernels::f32_to_f16(x[i]);
}

void f16_to_f32(const std::uint16_t* x, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = kernels::f16_to_f32(x[i]);
}

}  // namespace quern::kernels::scalar
