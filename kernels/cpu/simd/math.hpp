// exp and tanh of F32 vectors.
#pragma once

namespace quern::kernels {
namespace {

// Within 2 ulp of e^x (checked over all exponents by the tests); 0 and infinity beyond the range; NaN stays NaN.
// Source: Cephes expf (range reduction by ln 2 in two parts, polynomial on [-ln 2 / 2, ln 2 / 2]).
template <class V>
inline typename V::F exp(typename V::F x) noexcept {
  using F = typename V::F;
  // x comes second: min and max then hand a NaN on.
  x = V::min(V::set1(89.0f), V::max(V::set1(-110.0f), x));
  const F n = V::round(V::mul(x, V::set1(1.44269504f)));
  F r = V::fnmadd(n, V::set1(0.693359375f), x);
  r = V::fnmadd(n, V::set1(-2.12194440e-4f), r);
  F p = V::fmadd(V::set1(1.9875691500e-4f), r, V::set1(1.3981999507e-3f));
  p = V::fmadd(p, r, V::set1(8.3334519073e-3f));
  p = V::fmadd(p, r, V::set1(4.1665795894e-2f));
  p = V::fmadd(p, r, V::set1(1.6666665459e-1f));
  p = V::fmadd(p, r, V::set1(5.0000001201e-1f));
  p = V::add(V::fmadd(p, V::mul(r, r), r), V::set1(1.0f));
  return V::scale_by_power_of_two(p, n);
}

// Source: Cephes tanhf (odd polynomial below 0.625, where 1 - 2 / (e^2x + 1) would cancel).
template <class V>
inline typename V::F tanh(typename V::F x) noexcept {
  using F = typename V::F;
  const F a = V::abs(x);
  const F z = V::mul(a, a);
  F p = V::fmadd(V::set1(-5.70498872745e-3f), z, V::set1(2.06390887954e-2f));
  p = V::fmadd(p, z, V::set1(-5.37397155531e-2f));
  p = V::fmadd(p, z, V::set1(1.33314422036e-1f));
  p = V::fmadd(p, z, V::set1(-3.33332819422e-1f));
  const F small = V::fmadd(V::mul(p, z), a, a);
  const F e = exp<V>(V::add(a, a));
  const F large = V::sub(V::set1(1.0f), V::div(V::set1(2.0f), V::add(e, V::set1(1.0f))));
  return V::copy_sign(V::select_less(a, V::set1(0.625f), small, large), x);
}

}  // namespace
}  // namespace quern::kernels
