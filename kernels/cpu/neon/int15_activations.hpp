// Activations as integers of 15 bits, for weights that are bytes times a scale: blocks of 256 values share one float
// scale, and value = scale * (128 * high + low) with |high| <= 127 and low in [-64, 63], so that a product is one of
// bytes. Against exact arithmetic that costs an NMSE of about 1e-8. Eight high bytes are followed by their eight low
// ones: one register holds both planes of eight values.
#pragma once

#include "kernels/cpu/neon/common.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kInt15Block = 256;
inline constexpr float kInt15Max = 127 * 128;

// The last block of a row may be partly used: its other values and sums are zero.
struct alignas(64) Int15Block {
  std::int8_t planes[kInt15Block / 8][2][8];  // [eight values][high, low]
  std::int32_t sum16[16];                     // of 16 values 128 * high + low
  std::int32_t sum32[8];
  float scale;  // NaN where a value of the block is not finite
};
static_assert(sizeof(Int15Block) == 640);

inline std::size_t int15_row_bytes(std::size_t n_cols) noexcept {
  return (n_cols + kInt15Block - 1) / kInt15Block * sizeof(Int15Block);
}

inline int16x8_t round_to_int16(const float* x, float inverse) noexcept {
  const int32x4_t first = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x), inverse));
  const int32x4_t second = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4), inverse));
  return vcombine_s16(vmovn_s32(first), vmovn_s32(second));
}

// n: a multiple of 32, at most 256.
inline void prepare_int15_block(const float* x, std::size_t n, Int15Block& out) noexcept {
  uint32x4_t largest_bits = vdupq_n_u32(0);  // as integers, magnitudes of floats keep their order, NaN above all
  for (std::size_t i = 0; i < n; i += 4) {
    largest_bits = vmaxq_u32(largest_bits, vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + i))));
  }
  const std::uint32_t bits = vmaxvq_u32(largest_bits);
  float largest;
  __builtin_memcpy(&largest, &bits, sizeof largest);

  constexpr float kSmallest = 0x1p-112f;  // below it the inverse is not a float: such blocks count as zeros
  const bool finite = bits < 0x7f800000u, usable = finite && largest >= kSmallest;
  __builtin_memset(&out, 0, sizeof out);
  out.scale = finite ? 0.0f : __builtin_nanf("");
  if (!usable) return;
  out.scale = largest / kInt15Max;
  const float inverse = kInt15Max / largest;
  for (std::size_t i = 0; i < n / 8; ++i) {
    const int16x8_t values = round_to_int16(x + 8 * i, inverse);
    const int16x8_t high = vshrq_n_s16(vaddq_s16(values, vdupq_n_s16(64)), 7);
    vst1_s8(out.planes[i][0], vmovn_s16(high));
    vst1_s8(out.planes[i][1], vmovn_s16(vsubq_s16(values, vshlq_n_s16(high, 7))));
    const std::int32_t sum = vaddlvq_s16(values);
    out.sum16[i / 2] += sum;
    out.sum32[i / 4] += sum;
  }
}

// MatmulKernel::prepare. n_cols: a multiple of 32.
inline void prepare_int15(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept {
  auto* block = reinterpret_cast<Int15Block*>(out);
  for (std::size_t t = 0; t < n_tokens; ++t, x += n_cols) {
    for (std::size_t k = 0; k < n_cols; k += kInt15Block, ++block) {
      prepare_int15_block(x + k, n_cols - k < kInt15Block ? n_cols - k : kInt15Block, *block);
    }
  }
}

}  // namespace
}  // namespace quern::kernels
