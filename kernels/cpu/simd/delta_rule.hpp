// The gated delta rule for any vector type V. Columns of the state are independent, so a result does not depend on how
// they are grouped. Contract: kernels/kernel_table.hpp. Source: arXiv 2412.06464 (Gated DeltaNet), its recurrent form.
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

// Columns [d, d + kVectors * kLanes) of the state; with kVectors == 1 the last n_lanes < kLanes of them.
template <class V, std::size_t kVectors>
inline void delta_columns(const DeltaRuleArgs& args, std::size_t d, std::size_t n_lanes) noexcept {
  using F = typename V::F;
  const auto load = [n_lanes](const float* p) {
    return n_lanes == V::kLanes ? V::load(p) : V::load_partial(p, n_lanes);
  };
  const auto store = [n_lanes](float* p, F v) {
    n_lanes == V::kLanes ? V::store(p, v) : V::store_partial(p, v, n_lanes);
  };
  const F decay = V::set1(args.decay), beta = V::set1(args.beta);
  F sums[kVectors], change[kVectors];
  for (F& sum : sums) sum = V::zero();
  for (std::size_t i = 0; i < args.d_k; ++i) {
    const F k = V::set1(args.k[i]);
    const float* row = args.state + i * args.d_v + d;
    for (std::size_t j = 0; j < kVectors; ++j) {
      sums[j] = V::fmadd(k, V::mul(decay, load(row + j * V::kLanes)), sums[j]);
    }
  }
  for (std::size_t j = 0; j < kVectors; ++j) {
    change[j] = V::mul(beta, V::sub(load(args.v + d + j * V::kLanes), sums[j]));
    sums[j] = V::zero();
  }
  for (std::size_t i = 0; i < args.d_k; ++i) {
    const F k = V::set1(args.k[i]), q = V::set1(args.q[i]);
    float* row = args.state + i * args.d_v + d;
    for (std::size_t j = 0; j < kVectors; ++j) {
      const F s = V::fmadd(k, change[j], V::mul(decay, load(row + j * V::kLanes)));
      store(row + j * V::kLanes, s);
      sums[j] = V::fmadd(q, s, sums[j]);
    }
  }
  for (std::size_t j = 0; j < kVectors; ++j) store(args.out + d + j * V::kLanes, sums[j]);
}

template <class V>
void delta_rule(const DeltaRuleArgs& args) noexcept {
  std::size_t d = 0;
  // Four columns of vectors: one alone would wait for each of its own additions.
  for (; d + 4 * V::kLanes <= args.d_v; d += 4 * V::kLanes) delta_columns<V, 4>(args, d, V::kLanes);
  for (; d + V::kLanes <= args.d_v; d += V::kLanes) delta_columns<V, 1>(args, d, V::kLanes);
  if (d < args.d_v) delta_columns<V, 1>(args, d, args.d_v - d);
}

}  // namespace
}  // namespace quern::kernels
