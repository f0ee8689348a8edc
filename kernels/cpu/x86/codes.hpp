// The integer codes of 32 weights as the K-quants pack them, for every way of multiplying them on x86.
// Layouts: kernels/quant/<type>.hpp.
#pragma once

#include "kernels/cpu/x86/common.hpp"
#include "kernels/quant/q4_k.hpp"
#include "kernels/quant/q5_k.hpp"
#include "kernels/quant/q6_k.hpp"

namespace quern::kernels {
namespace {

// The eight scales and mins of q4_k and q5_k, which their blocks pack into 12 bytes behind two halves, d and dmin
// (kernels/quant/kquant_scales.hpp). One load takes all 16 bytes; no detour over memory, whose stores would have to
// drain before they can be loaded.
struct SixBitScales {
  __m256i fields;  // 16 bits each: eight scales, then eight mins
  float d;
  __m256 mins;  // times dmin

  template <class Block>
  explicit SixBitScales(const Block& block) noexcept {
    static_assert(offsetof(Block, d) == 0 && offsetof(Block, dmin) == 2 && offsetof(Block, scales) == 4);
    const __m128i head = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&block));
    // Words of `scales`: 6 bits of fields 0 to 3 of the scales; the same of the mins; low 4 bits of fields 4 to 7 of
    // the scales and, above them, of the mins, whose upper 2 bits are those above the 6 bits of the first two words.
    const __m128i words = _mm_shuffle_epi32(head, _MM_SHUFFLE(3, 2, 3, 1));
    const __m128i low = _mm_and_si128(_mm_srlv_epi32(words, _mm_setr_epi32(0, 0, 0, 4)),
                                      _mm_setr_epi32(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f));
    const __m128i upper = _mm_srli_epi32(_mm_shuffle_epi32(head, _MM_SHUFFLE(2, 2, 1, 1)), 2);
    const __m128i high = _mm_and_si128(upper, _mm_setr_epi32(0, 0x30303030, 0, 0x30303030));
    fields = _mm256_cvtepu8_epi16(_mm_or_si128(low, high));
    const __m128 factors = _mm_cvtph_ps(head);
    d = _mm_cvtss_f32(factors);
    mins = _mm256_mul_ps(floats(_mm256_extracti128_si256(fields, 1)), _mm256_broadcastss_ps(_mm_movehdup_ps(factors)));
  }
  __m256 scales() const noexcept { return _mm256_mul_ps(floats(_mm256_castsi256_si128(fields)), _mm256_set1_ps(d)); }

 private:
  static __m256 floats(__m128i eight_u16) noexcept { return _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(eight_u16)); }
};

// 16 bytes -> 32 codes of 4 bits: the low halves, then the high halves.
inline __m256i four_bit_codes(const std::uint8_t* q) noexcept {
  const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(q));
  return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(pairs, 4), pairs), _mm256_set1_epi8(15));
}

// Group g of a block, one code per byte: up to 15, 31 and 63.
inline __m256i codes_of(const BlockQ4K& block, std::size_t g) noexcept {
  const __m256i pairs = load_bytes32(block.q + g / 2 * 32);
  return _mm256_and_si256(g % 2 != 0 ? _mm256_srli_epi16(pairs, 4) : pairs, _mm256_set1_epi8(15));
}
inline __m256i codes_of(const BlockQ5K& block, std::size_t g) noexcept {
  __m256i low = load_bytes32(block.q + g / 2 * 32);
  if (g % 2 != 0) low = _mm256_srli_epi16(low, 4);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(g));
  const __m256i fifth = _mm256_and_si256(_mm256_srl_epi16(load_bytes32(block.high), shift), _mm256_set1_epi8(1));
  return _mm256_or_si256(_mm256_and_si256(low, _mm256_set1_epi8(15)), _mm256_slli_epi16(fifth, 4));
}
inline __m256i codes_of(const BlockQ6K& block, std::size_t g) noexcept {
  const std::size_t half = g / 4, quarter = g % 4;
  __m256i low = load_bytes32(block.low + 64 * half + 32 * (quarter % 2));
  if (quarter >= 2) low = _mm256_srli_epi16(low, 4);
  const __m256i packed = load_bytes32(block.high + 32 * half);
  const __m256i high = quarter == 0   ? _mm256_slli_epi16(packed, 4)
                       : quarter == 1 ? _mm256_slli_epi16(packed, 2)
                       : quarter == 2 ? packed
                                      : _mm256_srli_epi16(packed, 2);
  return _mm256_or_si256(_mm256_and_si256(low, _mm256_set1_epi8(15)), _mm256_and_si256(high, _mm256_set1_epi8(0x30)));
}

}  // namespace
}  // namespace quern::kernels
