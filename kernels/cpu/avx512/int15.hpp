// Blocks of 256 values as integers of 15 bits and one F32 scale, in two planes of signed bytes: value = scale *
// (128 * high + low), |high| <= 127, low in [-64, 63]. Activations and weights of any format take this form, so that
// their product is one of bytes. Against exact arithmetic a product of random rows costs an NMSE of about 1e-8: half a
// unit in 16256 of the block's largest value on either side.
// Planes are stored in steps of 64 values whose order is that of the packing instructions: the same on both sides.
#pragma once

#include "kernels/cpu/avx512/intrinsics.hpp"
#include "kernels/cpu/avx512/vec.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kInt15Block = 256, kInt15Step = 64;
inline constexpr float kInt15Max = 127 * 128;

// 256 values to planes: step i of 64 values goes to high + i * stride and low + i * stride, 64 bytes each, 64-byte
// aligned. Returns the scale: NaN where a value is not finite; blocks of subnormal size count as zeros.
inline float split_int15(const float* values, std::byte* high, std::byte* low, std::size_t stride) noexcept {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  __m512i largest_bits = _mm512_setzero_si512();  // as integers, magnitudes of floats keep their order
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kInt15Block; i += 16) {
    const __m512i bits = _mm512_castps_si512(Vec::load(values + i));
    largest_bits = _mm512_max_epi32(largest_bits, _mm512_and_si512(bits, magnitude));
  }
  // NaN would be lost in a maximum of floats: integers are reduced.
  alignas(64) std::int32_t lanes[16];
  _mm512_store_si512(lanes, largest_bits);
  std::int32_t bits = 0;
  for (const std::int32_t lane : lanes) bits = lane > bits ? lane : bits;
  float largest;
  __builtin_memcpy(&largest, &bits, sizeof largest);

  constexpr float kSmallest = 0x1p-112f;  // below it the inverse is not a float
  const bool finite = bits < 0x7f800000, usable = finite && largest >= kSmallest;
  const __m512 inverse = Vec::set1(usable ? kInt15Max / largest : 0.0f);
  const __m512i rounding = _mm512_set1_epi16(64);
  for (std::size_t step = 0; step < kInt15Block / kInt15Step; ++step, values += kInt15Step) {
    __m512i high16[2], low16[2];
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      const float* v = values + 32 * half;
      __m512i first = _mm512_setzero_si512(), second = first;
      if (usable) {  // the conversion of what is not finite would be defined, but not zero
        first = _mm512_cvtps_epi32(Vec::mul(Vec::load(v), inverse));
        second = _mm512_cvtps_epi32(Vec::mul(Vec::load(v + 16), inverse));
      }
      const __m512i both = _mm512_packs_epi32(first, second);
      high16[half] = _mm512_srai_epi16(_mm512_add_epi16(both, rounding), 7);
      low16[half] = _mm512_sub_epi16(both, _mm512_slli_epi16(high16[half], 7));
    }
    _mm512_store_si512(high + step * stride, _mm512_packs_epi16(high16[0], high16[1]));
    _mm512_store_si512(low + step * stride, _mm512_packs_epi16(low16[0], low16[1]));
  }
  if (!finite) return __builtin_nanf("");
  return usable ? largest / kInt15Max : 0.0f;
}

// Values [k, k + 256) of a row of n_cols, zeros behind its end.
template <class Groups>
void decode_block(const std::byte* row, std::size_t k, std::size_t n_cols, float* out) noexcept {
  std::size_t n = n_cols - k < kInt15Block ? n_cols - k : kInt15Block;
  for (std::size_t i = n / 16 * 16; i < kInt15Block; i += 16) Vec::store(out + i, Vec::zero());
  const std::byte* block = row + k / Groups::kBlockValues * Groups::kBlockBytes;
  typename Groups::State state;
  __m512 weights[2];
  for (; n >= Groups::kBlockValues; n -= Groups::kBlockValues, block += Groups::kBlockBytes) {
    Groups::open(block, state);
#pragma GCC unroll 8
    for (std::size_t g = 0; g < Groups::kBlockValues / 32; ++g, out += 32) {
      Groups::group(state, g, weights);
      Vec::store(out, weights[0]);
      Vec::store(out + 16, weights[1]);
    }
  }
  if constexpr (requires { &Groups::partial_group; }) {
    if (n == 0) return;
    weights[0] = weights[1] = Vec::zero();
    Groups::open(block, state);
    Groups::partial_group(state, n, weights);
    Vec::store(out, weights[0]);
    Vec::store(out + 16, weights[1]);
  }
}

}  // namespace
}  // namespace quern::kernels
