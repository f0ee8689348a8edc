// The kernels over plain vectors, for any vector type V (see avx2/vec.hpp). Contracts: kernels/kernel_table.hpp.
#pragma once

#include "kernels/cpu/simd/delta_rule.hpp"
#include "kernels/cpu/simd/math.hpp"
#include "kernels/cpu/simd/ssm_scan.hpp"

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

// Lanes from n_valid on become 0.
template <class V>
inline typename V::F first_lanes_of(typename V::F v, std::size_t n_valid) noexcept {
  return V::select_less(V::iota(), V::set1(static_cast<float>(n_valid)), v, V::zero());
}

template <class V>
void layer_norm(const float* x, const float* w, const float* bias, float eps, std::size_t n, float* y) noexcept {
  using F = typename V::F;
  constexpr std::size_t kLanes = V::kLanes;
  F s0 = V::zero(), s1 = V::zero();
  std::size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    s0 = V::add(s0, V::load(x + i));
    s1 = V::add(s1, V::load(x + i + kLanes));
  }
  for (; i < n; i += kLanes) s0 = V::add(s0, i + kLanes <= n ? V::load(x + i) : V::load_partial(x + i, n - i));
  const F mean = V::set1(V::reduce_add(V::add(s0, s1)) / static_cast<float>(n));
  s0 = s1 = V::zero();
  for (i = 0; i + 2 * kLanes <= n; i += 2 * kLanes) {
    const F a = V::sub(V::load(x + i), mean), b = V::sub(V::load(x + i + kLanes), mean);
    s0 = V::fmadd(a, a, s0);
    s1 = V::fmadd(b, b, s1);
  }
  for (; i < n; i += kLanes) {
    const F a = i + kLanes <= n ? V::sub(V::load(x + i), mean)
                                : first_lanes_of<V>(V::sub(V::load_partial(x + i, n - i), mean), n - i);
    s0 = V::fmadd(a, a, s0);
  }
  const float variance = V::reduce_add(V::add(s0, s1)) / static_cast<float>(n);
  const F scale = V::set1(1.0f / __builtin_sqrtf(variance + eps));
  for (i = 0; i + kLanes <= n; i += kLanes) {
    const F scaled = V::mul(V::mul(V::sub(V::load(x + i), mean), scale), V::load(w + i));
    V::store(y + i, bias != nullptr ? V::add(scaled, V::load(bias + i)) : scaled);
  }
  if (i < n) {
    const F centred = V::sub(V::load_partial(x + i, n - i), mean);
    const F scaled = V::mul(V::mul(centred, scale), V::load_partial(w + i, n - i));
    V::store_partial(y + i, bias != nullptr ? V::add(scaled, V::load_partial(bias + i, n - i)) : scaled, n - i);
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

// 1 + e^-x: what a sigmoid divides by.
template <class V>
inline typename V::F sigmoid_divisor(typename V::F x) noexcept {
  return V::add(V::set1(1.0f), exp<V>(V::sub(V::zero(), x)));
}

// x / 2 * (1 + tanh(u)) = x * sigmoid(2u), u = sqrt(2 / pi) * (x + 0.044715 x^3)
template <class V>
inline typename V::F gelu_of(typename V::F x) noexcept {
  const typename V::F u2 = V::mul(V::fmadd(V::mul(x, x), V::set1(0.07135481627f), V::set1(1.5957691216f)), x);
  // Far below zero e^-2u is infinite and x * 0 right; where x itself is infinite, x / infinity must be 0 and not NaN.
  const typename V::F y = V::div(x, sigmoid_divisor<V>(u2));
  return V::select_less(x, V::set1(-50.0f), V::zero(), y);
}

// out[i] = f(a[i]), and out[i] = f(a[i], b[i]).
template <class V, class Function>
inline void for_each(const float* a, std::size_t n, float* out, Function f) noexcept {
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store(out + i, f(V::load(a + i)));
  if (i < n) V::store_partial(out + i, f(V::load_partial(a + i, n - i)), n - i);
}
template <class V, class Function>
inline void for_each_pair(const float* a, const float* b, std::size_t n, float* out, Function f) noexcept {
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store(out + i, f(V::load(a + i), V::load(b + i)));
  if (i < n) V::store_partial(out + i, f(V::load_partial(a + i, n - i), V::load_partial(b + i, n - i)), n - i);
}

template <class V>
void silu_mul(const float* gate, const float* up, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  for_each_pair<V>(gate, up, n, out, [](F g, F u) { return V::mul(V::div(g, sigmoid_divisor<V>(g)), u); });
}

template <class V>
void silu(const float* x, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  for_each<V>(x, n, out, [](F v) { return V::div(v, sigmoid_divisor<V>(v)); });
}

template <class V>
void gelu(const float* x, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  for_each<V>(x, n, out, [](F v) { return gelu_of<V>(v); });
}

template <class V>
void gelu_mul(const float* gate, const float* up, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  for_each_pair<V>(gate, up, n, out, [](F g, F u) { return V::mul(gelu_of<V>(g), u); });
}

template <class V>
void clamped_swiglu(const float* gate, const float* up, float alpha, float limit, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  const F a = V::set1(alpha), high = V::set1(limit), low = V::set1(-limit);
  for_each_pair<V>(gate, up, n, out, [=](F g, F u) {
    g = V::min(high, g);  // the second operand wins where one is NaN
    u = V::max(low, V::min(high, u));
    return V::mul(V::div(g, sigmoid_divisor<V>(V::mul(a, g))), V::add(u, V::set1(1.0f)));
  });
}

template <class V>
void sigmoid_mul(const float* gate, const float* x, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  for_each_pair<V>(gate, x, n, out, [](F g, F v) { return V::div(v, sigmoid_divisor<V>(g)); });
}

template <class V>
void softcap(const float* x, float cap, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  const F c = V::set1(cap);
  for_each<V>(x, n, out, [=](F v) { return V::mul(c, tanh<V>(V::div(v, c))); });
}

template <class V>
void mul(const float* a, const float* b, std::size_t n, float* out) noexcept {
  using F = typename V::F;
  for_each_pair<V>(a, b, n, out, [](F u, F v) { return V::mul(u, v); });
}

template <class V>
void multiply_add(const float* a, const float* b, std::size_t n, float* y) noexcept {
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    V::store(y + i, V::fmadd(V::load(a + i), V::load(b + i), V::load(y + i)));
  }
  if (i < n) {
    const auto sum =
        V::fmadd(V::load_partial(a + i, n - i), V::load_partial(b + i, n - i), V::load_partial(y + i, n - i));
    V::store_partial(y + i, sum, n - i);
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

// The members of the table that this header has kernels for.
template <class V, class Table>
void fill_elementwise(Table& table) noexcept {
  table.rms_norm = &rms_norm<V>;
  table.rope_interleaved = &rope_interleaved<V>;
  table.rope_split = &rope_split<V>;
  table.silu_mul = &silu_mul<V>;
  table.layer_norm = &layer_norm<V>;
  table.silu = &silu<V>;
  table.gelu = &gelu<V>;
  table.gelu_mul = &gelu_mul<V>;
  table.clamped_swiglu = &clamped_swiglu<V>;
  table.sigmoid_mul = &sigmoid_mul<V>;
  table.softcap = &softcap<V>;
  table.mul = &mul<V>;
  table.multiply_add = &multiply_add<V>;
  table.delta_rule = &delta_rule<V>;
  table.ssm_scan = &ssm_scan<V>;
  table.add = &add<V>;
  table.add_scaled = &add_scaled<V>;
}

}  // namespace
}  // namespace quern::kernels
