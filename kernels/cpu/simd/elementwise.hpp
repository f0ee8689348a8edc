// The kernels over plain vectors, for any vector type V (see avx2/vec.hpp). Contracts: kernels/kernel_table.hpp.
#pragma once

#include "kernels/cpu/simd/math.hpp"

#include <cstddef>
#include <cstdint>

namespace quern::kernels {
namespace {

template <class V>
void rms_norm(const float* x, const float* w, float eps, std::size_t n, float* y) noexcept {
  using F = typename V::F;
  constexpr std::size_t kLanes = V::kLanes;
  // Four accumulators: one would wait four cycles for each addition.
  F s0 = V::zero(), s1 = V::zero(), s2 = V::zero(), s3 = V::zero();
  std::size_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    const F a = V::load(x + i), b = V::load(x + i + kLanes);
    const F c = V::load(x + i + 2 * kLanes), d = V::load(x + i + 3 * kLanes);
    s0 = V::fmadd(a, a, s0);
    s1 = V::fmadd(b, b, s1);
    s2 = V::fmadd(c, c, s2);
    s3 = V::fmadd(d, d, s3);
  }
  for (; i < n; i += kLanes) {
    const F a = i + kLanes <= n ? V::load(x + i) : V::load_partial(x + i, n - i);
    s0 = V::fmadd(a, a, s0);
  }
  const float sum = V::reduce_add(V::add(V::add(s0, s1), V::add(s2, s3)));
  const float scale = 1.0f / __builtin_sqrtf(sum / static_cast<float>(n) + eps);
  const F scales = V::set1(scale);
  for (i = 0; i + kLanes <= n; i += kLanes) {
    V::store(y + i, V::mul(V::mul(V::load(x + i), scales), V::load(w + i)));
  }
  if (i < n) {
    const F scaled = V::mul(V::load_partial(x + i, n - i), scales);
    V::store_partial(y + i, V::mul(scaled, V::load_partial(w + i, n - i)), n - i);
  }
}

inline void rotate(float& a, float& b, float cosine, float sine) noexcept {
  const float a0 = a, b0 = b;
  a = a0 * cosine - b0 * sine;
  b = a0 * sine + b0 * cosine;
}

template <class V>
void rope_interleaved(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot,
                      const float* cos_sin) noexcept {
  const std::size_t n_pairs = n_rot / 2;
  const float* sines = cos_sin + n_pairs;
  for (float* head = x; head != x + n_heads * d_head; head += d_head) {
    std::size_t i = 0;
    for (; i + V::kLanes / 2 <= n_pairs; i += V::kLanes / 2) {
      V::store(head + 2 * i, V::rotate_pairs(V::load(head + 2 * i), cos_sin + i, sines + i));
    }
    for (; i < n_pairs; ++i) rotate(head[2 * i], head[2 * i + 1], cos_sin[i], sines[i]);
  }
}

template <class V>
void rope_split(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot, const float* cos_sin) noexcept {
  using F = typename V::F;
  const std::size_t n_pairs = n_rot / 2;
  const float* sines = cos_sin + n_pairs;
  for (float* head = x; head != x + n_heads * d_head; head += d_head) {
    std::size_t i = 0;
    for (; i + V::kLanes <= n_pairs; i += V::kLanes) {
      const F a = V::load(head + i), b = V::load(head + n_pairs + i);
      const F c = V::load(cos_sin + i), s = V::load(sines + i);
      V::store(head + i, V::fmsub(a, c, V::mul(b, s)));
      V::store(head + n_pairs + i, V::fmadd(a, s, V::mul(b, c)));
    }
    for (; i < n_pairs; ++i) rotate(head[i], head[n_pairs + i], cos_sin[i], sines[i]);
  }
}

template <class V>
void silu_mul(const float* gate, const float* up, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  const auto one_vector = [](F g, F u) {
    const F denominator = V::add(V::set1(1.0f), exp<V>(V::sub(V::zero(), g)));
    return V::mul(V::div(g, denominator), u);
  };
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store(out + i, one_vector(V::load(gate + i), V::load(up + i)));
  if (i < n) {
    V::store_partial(out + i, one_vector(V::load_partial(gate + i, n - i), V::load_partial(up + i, n - i)), n - i);
  }
}

template <class V>
void add(const float* a, const float* b, std::size_t n, float* out) noexcept {
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store(out + i, V::add(V::load(a + i), V::load(b + i)));
  for (; i < n; ++i) out[i] = a[i] + b[i];
}

template <class V>
void add_scaled(const float* x, float scale, std::size_t n, float* y) noexcept {
  const typename V::F scales = V::set1(scale);
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store(y + i, V::fmadd(scales, V::load(x + i), V::load(y + i)));
  if (i < n) {
    const auto sum = V::fmadd(scales, V::load_partial(x + i, n - i), V::load_partial(y + i, n - i));
    V::store_partial(y + i, sum, n - i);
  }
}

template <class V>
void f32_to_f16(const float* x, std::size_t n, std::uint16_t* out) noexcept {
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store_f16(out + i, V::load(x + i));
  if (i < n) V::store_f16_partial(out + i, V::load_partial(x + i, n - i), n - i);
}

template <class V>
void f16_to_f32(const std::uint16_t* x, std::size_t n, float* out) noexcept {
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store(out + i, V::load_f16(x + i));
  if (i < n) V::store_partial(out + i, V::load_f16_partial(x + i, n - i), n - i);
}

// The members of the table that this header has kernels for.
template <class V, class Table>
void fill_elementwise(Table& table) noexcept {
  table.rms_norm = &rms_norm<V>;
  table.rope_interleaved = &rope_interleaved<V>;
  table.rope_split = &rope_split<V>;
  table.silu_mul = &silu_mul<V>;
  table.add = &add<V>;
  table.add_scaled = &add_scaled<V>;
  table.f32_to_f16 = &f32_to_f16<V>;
  table.f16_to_f32 = &f16_to_f32<V>;
}

}  // namespace
}  // namespace quern::kernels
