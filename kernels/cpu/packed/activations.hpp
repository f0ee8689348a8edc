// Activations for packed weights: groups of 32 values share one scale, and value = scale * (sum over planes), in
//   one plane of bytes:  |a| <= 127: fast, about 2e-5 of a product's norm (NMSE)
//   two planes of bytes: 128 * high + low, |a| <= 16256, |high| <= 127, -64 <= low <= 63: exact, about 1e-9
// and what products need beside them: sums for formats with minimums, and negated integer sums for those whose codes
// have an offset. Where bytes are multiplied to sums of 16 bits, panels take the exact values as words instead of
// planes. x86 with AVX2.
#pragma once

#include "kernels/cpu/packed/layout.hpp"
#include "kernels/cpu/x86/int16_activations.hpp"

namespace quern::kernels {
namespace {

template <bool kHasWords>
struct PackedWords {};
template <>
struct PackedWords<true> {
  std::int16_t words[kPackedGroup];  // of each quad: values 0, 2, 1, 3
};

template <std::size_t kPlaneCount, bool kHasWords>
struct alignas(64) PackedInput : PackedWords<kHasWords> {
  static constexpr std::size_t kPlanes = kPlaneCount;
  static constexpr bool kWords = kHasWords;
  std::int8_t plane[kPlanes][kPackedGroup];  // two planes: high, low
  float scale;                               // NaN where a value of the group is not finite
  float sum32, sum16[2];                     // scale * the sum of the values
  std::int32_t negated32, negated16[2];      // minus the sum of the integers
};
static_assert(sizeof(PackedInput<1, false>) == 64 && sizeof(PackedInput<2, false>) == 128);
static_assert(sizeof(PackedInput<2, true>) == 192);

template <class Input>
std::size_t packed_input_bytes(std::size_t n_cols) noexcept {
  return (n_cols + kPackedGroup - 1) / kPackedGroup * sizeof(Input);
}

inline float largest_of_32(const float* x, bool& finite) noexcept {
  __m256i bits = _mm256_setzero_si256();  // as integers, magnitudes of floats keep their order
  for (std::size_t i = 0; i < kPackedGroup; i += 8) {
    const __m256i value = _mm256_castps_si256(_mm256_loadu_ps(x + i));
    bits = _mm256_max_epi32(bits, _mm256_and_si256(value, _mm256_set1_epi32(0x7fffffff)));
  }
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0xB1));
  finite = _mm_cvtsi128_si32(four) < 0x7f800000;
  return _mm_cvtss_f32(_mm_castsi128_ps(four));
}

template <class Input>
void prepare_packed_group(const float* x, Input& out) noexcept {
  constexpr float kMax = Input::kPlanes == 1 ? 127.0f : 127.0f * 128.0f;
  constexpr float kSmallest = 0x1p-112f;  // below it the inverse is not a float: such groups count as zeros
  bool finite;
  const float largest = largest_of_32(x, finite);
  const bool usable = finite && largest >= kSmallest;
  __builtin_memset(&out, 0, sizeof out);
  const float scale = usable ? largest / kMax : 0.0f;
  out.scale = finite ? scale : __builtin_nanf("");
  if (!usable) {
    out.sum32 = out.sum16[0] = out.sum16[1] = finite ? 0.0f : __builtin_nanf("");
    return;
  }
  const __m256 inverse = _mm256_set1_ps(kMax / largest);
  const __m256i first = round_to_int16(x, inverse), second = round_to_int16(x + 16, inverse);
  const __m256i ones = _mm256_set1_epi16(1);
  const int low = sum_of_lanes(_mm256_madd_epi16(first, ones)), high = sum_of_lanes(_mm256_madd_epi16(second, ones));
  out.sum16[0] = scale * static_cast<float>(low);
  out.sum16[1] = scale * static_cast<float>(high);
  out.sum32 = scale * static_cast<float>(low + high);
  out.negated16[0] = -low;
  out.negated16[1] = -high;
  out.negated32 = -(low + high);
  const auto store = [](std::int8_t* to, __m256i a, __m256i b) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xD8));
  };
  if constexpr (Input::kPlanes == 1) {
    store(out.plane[0], first, second);
  } else {
    const auto upper = [](__m256i a) { return _mm256_srai_epi16(_mm256_add_epi16(a, _mm256_set1_epi16(64)), 7); };
    const __m256i high_first = upper(first), high_second = upper(second);
    store(out.plane[0], high_first, high_second);
    store(out.plane[1], _mm256_sub_epi16(first, _mm256_slli_epi16(high_first, 7)),
          _mm256_sub_epi16(second, _mm256_slli_epi16(high_second, 7)));
  }
  if constexpr (Input::kWords) {
    const __m256i even_first = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15,  //
                                                0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
    auto* const to = reinterpret_cast<__m256i*>(out.words);
    _mm256_store_si256(to, _mm256_shuffle_epi8(first, even_first));
    _mm256_store_si256(to + 1, _mm256_shuffle_epi8(second, even_first));
  }
}

// MatmulKernel::prepare. n_cols: a multiple of 32.
template <class Input>
void prepare_packed(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept {
  auto* to = reinterpret_cast<Input*>(out);
  for (const float* end = x + n_tokens * n_cols; x != end; x += kPackedGroup, ++to) prepare_packed_group(x, *to);
}

}  // namespace
}  // namespace quern::kernels
