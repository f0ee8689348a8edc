// Activations as integers, for weights that are integers times a scale: blocks of 256 values share one float scale, and
// value = scale * a with |a| <= 16383. 14 bits are what lets a whole block of every format be summed exactly in int32
// lanes (kernels/cpu/x86/int16_formats.hpp has the bounds); against exact arithmetic they cost an NMSE of about 1e-8,
// a ten-thousandth of what 8-bit activations cost.
// A group of 32 values is stored as its 16 even values, then its 16 odd ones: the order in which one mask and one shift
// widen 32 bytes of weights to 16 bits.
#pragma once

#include "kernels/cpu/x86/common.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kInt16BlockValues = 256;
inline constexpr int kInt16Max = 16383;

// The last block of a row may be partly used: its other values and sums are zero.
struct alignas(64) Int16Block {
  std::int16_t a[kInt16BlockValues];
  float sum16[16];  // scale * the sum of 16 values
  float sum32[8];   // scale * the sum of 32 values
  float scale;      // NaN where a value of the block is not finite
};
static_assert(sizeof(Int16Block) == 640);

inline constexpr std::size_t int16_blocks(std::size_t n_cols) noexcept {
  return (n_cols + kInt16BlockValues - 1) / kInt16BlockValues;
}
inline std::size_t int16_row_bytes(std::size_t n_cols) noexcept {
  return int16_blocks(n_cols) * sizeof(Int16Block);
}

inline int sum_of_lanes(__m256i v) noexcept {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1)));
}

// Eight pairs of floats -> 16 integers of 16 bits in order.
inline __m256i round_to_int16(const float* x, __m256 inverse) noexcept {
  const __m256i first = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), inverse));
  const __m256i second = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8), inverse));
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
}

// n: a multiple of 32, at most 256.
inline void prepare_int16_block(const float* x, std::size_t n, Int16Block& out) noexcept {
  __m256i largest_bits = _mm256_setzero_si256();  // as integers, magnitudes of floats keep their order
  for (std::size_t i = 0; i < n; i += 8) {
    const __m256i bits = _mm256_castps_si256(_mm256_loadu_ps(x + i));
    largest_bits = _mm256_max_epi32(largest_bits, _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff)));
  }
  alignas(32) std::int32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), largest_bits);
  std::int32_t bits = 0;
  for (const std::int32_t lane : lanes) bits = lane > bits ? lane : bits;
  float largest;
  __builtin_memcpy(&largest, &bits, sizeof largest);

  constexpr float kSmallest = 0x1p-112f;  // below it the inverse is not a float: such blocks count as zeros
  const bool finite = bits < 0x7f800000, usable = finite && largest >= kSmallest;
  const float scale = usable ? largest / static_cast<float>(kInt16Max) : 0.0f;
  const __m256 inverse = _mm256_set1_ps(usable ? static_cast<float>(kInt16Max) / largest : 0.0f);
  const __m256i ones = _mm256_set1_epi16(1);
  __builtin_memset(&out, 0, sizeof out);
  out.scale = finite ? scale : __builtin_nanf("");
  if (!usable) return;
  for (std::size_t g = 0; g < n / 32; ++g) {
    const __m256i low = round_to_int16(x + 32 * g, inverse), high = round_to_int16(x + 32 * g + 16, inverse);
    const int low_sum = sum_of_lanes(_mm256_madd_epi16(low, ones));
    const int high_sum = sum_of_lanes(_mm256_madd_epi16(high, ones));
    out.sum16[2 * g] = scale * static_cast<float>(low_sum);
    out.sum16[2 * g + 1] = scale * static_cast<float>(high_sum);
    out.sum32[g] = scale * static_cast<float>(low_sum + high_sum);
    const __m256i even = _mm256_packs_epi32(_mm256_srai_epi32(_mm256_slli_epi32(low, 16), 16),
                                            _mm256_srai_epi32(_mm256_slli_epi32(high, 16), 16));
    const __m256i odd = _mm256_packs_epi32(_mm256_srai_epi32(low, 16), _mm256_srai_epi32(high, 16));
    auto* to = reinterpret_cast<__m256i*>(out.a + 32 * g);
    _mm256_store_si256(to, _mm256_permute4x64_epi64(even, 0xD8));
    _mm256_store_si256(to + 1, _mm256_permute4x64_epi64(odd, 0xD8));
  }
}

// MatmulKernel::prepare. n_cols: a multiple of 32.
inline void prepare_int16(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept {
  auto* block = reinterpret_cast<Int16Block*>(out);
  for (std::size_t t = 0; t < n_tokens; ++t) {
    for (std::size_t k = 0; k < n_cols; k += kInt16BlockValues, ++block) {
      const std::size_t n = n_cols - k < kInt16BlockValues ? n_cols - k : kInt16BlockValues;
      prepare_int16_block(x + t * n_cols + k, n, *block);
    }
  }
}

}  // namespace
}  // namespace quern::kernels
