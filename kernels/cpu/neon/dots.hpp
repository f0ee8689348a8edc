// Products of bytes of two weight rows and one activation row, with each of the instructions that a CPU may have for
// them. All are exact, so their results are equal and so is everything computed from them.
//   dot<kSteps>(w, x): kSteps * 8 values; w: [kSteps][two rows][8], x: [kSteps][high, low][8] as in Int15Block.
//   Returns {row 0 . high, row 0 . low, row 1 . high, row 1 . low}.
// kSteps is even.
#pragma once

#include "kernels/cpu/neon/common.hpp"
#include "kernels/peak.hpp"

namespace quern::kernels {
namespace {

// SMULL and SADALP. Two products fit 16 bits: 128 * 127 * 2 < 2^15.
struct DotWidening {
  static constexpr Peak kPeak = Peak::int8_widening_128;

  template <std::size_t kSteps>
  static int32x4_t dot(const std::int8_t* w, const std::int8_t* x) noexcept {
    int32x4_t sums[4];
    for (int32x4_t& sum : sums) sum = vdupq_n_s32(0);
#pragma GCC unroll 2
    for (std::size_t step = 0; step < kSteps; step += 2, w += 32, x += 32) {
      const int8x16_t w0 = vld1q_s8(w), w1 = vld1q_s8(w + 16), x0 = vld1q_s8(x), x1 = vld1q_s8(x + 16);
      sums[0] = vpadalq_s16(sums[0], vmlal_s8(vmull_s8(low(w0), low(x0)), low(w1), low(x1)));
      sums[1] = vpadalq_s16(sums[1], vmlal_s8(vmull_s8(low(w0), high(x0)), low(w1), high(x1)));
      sums[2] = vpadalq_s16(sums[2], vmlal_s8(vmull_s8(high(w0), low(x0)), high(w1), low(x1)));
      sums[3] = vpadalq_s16(sums[3], vmlal_high_s8(vmull_high_s8(w0, x0), w1, x1));
    }
    return vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
  }

 private:
  static int8x8_t low(int8x16_t v) noexcept {
    return vget_low_s8(v);
  }
  static int8x8_t high(int8x16_t v) noexcept {
    return vget_high_s8(v);
  }
};

#ifdef __ARM_FEATURE_DOTPROD
// SDOT: eight values of one row twice, against both planes.
struct DotProduct {
  static constexpr Peak kPeak = Peak::int8_dot_128;

  template <std::size_t kSteps>
  static int32x4_t dot(const std::int8_t* w, const std::int8_t* x) noexcept {
    int32x4_t first = vdupq_n_s32(0), second = first;
#pragma GCC unroll 4
    for (std::size_t step = 0; step < kSteps; ++step, w += 16, x += 16) {
      const int8x16_t planes = vld1q_s8(x);
      first = vdotq_s32(first, twice(w), planes);
      second = vdotq_s32(second, twice(w + 8), planes);
    }
    return vpaddq_s32(first, second);
  }

 private:
  static int8x16_t twice(const std::int8_t* eight) noexcept {
    const int8x8_t v = vld1_s8(eight);
    return vcombine_s8(v, v);
  }
};
#endif

#ifdef __ARM_FEATURE_MATMUL_INT8
// SMMLA: two rows times two planes.
struct DotMatrix {
  static constexpr Peak kPeak = Peak::int8_matrix_128;

  template <std::size_t kSteps>
  static int32x4_t dot(const std::int8_t* w, const std::int8_t* x) noexcept {
    int32x4_t sums = vdupq_n_s32(0);
#pragma GCC unroll 4
    for (std::size_t step = 0; step < kSteps; ++step) {
      sums = vmmlaq_s32(sums, vld1q_s8(w + 16 * step), vld1q_s8(x + 16 * step));
    }
    return sums;
  }
};
#endif

}  // namespace
}  // namespace quern::kernels
