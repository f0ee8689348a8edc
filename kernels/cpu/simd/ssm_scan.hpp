// The scan of a state space for any vector type V. Columns of the state are independent; what a token reads adds up
// over the rows of the state in order, whatever the number of tokens in a call. Rows are taken four at a time, so that
// they stay in registers from token to token. Contract: kernels/kernel_table.hpp.
#pragma once

#include "kernels/cpu/simd/math.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

// Columns [d, d + kVectors * kLanes) of rows [first, first + kRows) of the state; with kVectors == 1 the last n_lanes
// of them may be fewer.
template <class V, std::size_t kVectors, std::size_t kRows>
inline void scan_rows(const SsmScanArgs& args, std::size_t d, std::size_t n_lanes, std::size_t first) noexcept {
  using F = typename V::F;
  const auto load = [n_lanes](const float* p) {
    return n_lanes == V::kLanes ? V::load(p) : V::load_partial(p, n_lanes);
  };
  const auto store = [n_lanes](float* p, F v) {
    n_lanes == V::kLanes ? V::store(p, v) : V::store_partial(p, v, n_lanes);
  };
  F state[kRows][kVectors], rates[kRows][kVectors];
  for (std::size_t r = 0; r < kRows; ++r) {
    const std::size_t row = (first + r) * args.state_stride + d;
    for (std::size_t j = 0; j < kVectors; ++j) {
      state[r][j] = load(args.state + row + j * V::kLanes);
      rates[r][j] = args.rates != nullptr ? load(args.rates + row + j * V::kLanes) : V::zero();
    }
  }
  for (std::size_t t = 0; t < args.n_tokens; ++t) {
    const float* b = args.b + t * args.bc_stride + first;
    const float* c = args.c + t * args.bc_stride + first;
    const float* step = args.step + t * args.step_stride;
    float* out = args.out + t * args.stride + d;
    for (std::size_t j = 0; j < kVectors; ++j) {
      const F input = load(args.input + t * args.stride + d + j * V::kLanes);
      const F steps = args.rates != nullptr ? load(step + d + j * V::kLanes) : V::set1(*step);
      F sum = first == 0 ? V::zero() : load(out + j * V::kLanes);
      for (std::size_t r = 0; r < kRows; ++r) {
        const F decay = args.rates != nullptr ? exp<V>(V::mul(steps, rates[r][j])) : steps;
        state[r][j] = V::fmadd(V::set1(b[r]), input, V::mul(state[r][j], decay));
        sum = V::fmadd(V::set1(c[r]), state[r][j], sum);
      }
      store(out + j * V::kLanes, sum);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    float* row = args.state + (first + r) * args.state_stride + d;
    for (std::size_t j = 0; j < kVectors; ++j) store(row + j * V::kLanes, state[r][j]);
  }
}

template <class V, std::size_t kVectors>
inline void scan_columns(const SsmScanArgs& args, std::size_t d, std::size_t n_lanes) noexcept {
  std::size_t row = 0;
  for (; row + 4 <= args.d_state; row += 4) scan_rows<V, kVectors, 4>(args, d, n_lanes, row);
  for (; row < args.d_state; ++row) scan_rows<V, kVectors, 1>(args, d, n_lanes, row);
}

template <class V>
void ssm_scan(const SsmScanArgs& args) noexcept {
  std::size_t d = 0;
  for (; d + 2 * V::kLanes <= args.n_channels; d += 2 * V::kLanes) scan_columns<V, 2>(args, d, V::kLanes);
  for (; d + V::kLanes <= args.n_channels; d += V::kLanes) scan_columns<V, 1>(args, d, V::kLanes);
  if (d < args.n_channels) scan_columns<V, 1>(args, d, args.n_channels - d);
}

}  // namespace
}  // namespace quern::kernels
