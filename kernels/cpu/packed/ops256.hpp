// What products of packed weights are made of, on vectors of eight rows. Ops of this folder have
//   I, F         vectors of codes and of floats, kLanes rows
//   kDots        dot() adds products of unsigned codes and signed activations to sums of 32 bits in one instruction;
//                else pairs() multiplies them to sums of two in 16 bits
// Compiled with -mavx2 -mfma -mf16c; PackedOpsVnni256 needs AVX-VNNI or AVX512_VNNI.
#pragma once

#include "kernels/cpu/x86/common.hpp"
#include "kernels/peak.hpp"

namespace quern::kernels {
namespace {

struct PackedOps256 {
  using I = __m256i;
  using F = __m256;
  static constexpr std::size_t kLanes = 8, kTileTokens = 4, kTileGroups = 1;
  static constexpr bool kDots = false;
  static constexpr Peak kPeak = Peak::int8_madd_256;

  static I load(const void* p) noexcept { return _mm256_load_si256(static_cast<const __m256i*>(p)); }
  static void store(void* p, I v) noexcept { _mm256_store_si256(static_cast<__m256i*>(p), v); }
  static I zero() noexcept { return _mm256_setzero_si256(); }
  static I set1(std::int32_t v) noexcept { return _mm256_set1_epi32(v); }
  static I bytes(int v) noexcept { return _mm256_set1_epi8(static_cast<char>(v)); }
  static I add32(I a, I b) noexcept { return _mm256_add_epi32(a, b); }
  static I and_(I a, I b) noexcept { return _mm256_and_si256(a, b); }
  static I or_(I a, I b) noexcept { return _mm256_or_si256(a, b); }
  template <int n>
  static I right16(I v) noexcept {
    return _mm256_srli_epi16(v, n);
  }
  template <int n>
  static I left16(I v) noexcept {
    return _mm256_slli_epi16(v, n);
  }
  template <int n>
  static I left32(I v) noexcept {
    return _mm256_slli_epi32(v, n);
  }
  static I table(const std::uint8_t (&t)[16]) noexcept {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(t)));
  }
  static I look_up(I table, I codes) noexcept { return _mm256_shuffle_epi8(table, codes); }

  // Sums of two products in 16 bits each: REQUIRES that they fit. add16 finishes a sum: g++ would gather products
  // first.
  static I pairs(I codes, I x) noexcept { return _mm256_maddubs_epi16(codes, x); }
  static I add16(I a, I b) noexcept {
    I sum = _mm256_add_epi16(a, b);
    __asm__ volatile("" : "+x"(sum));
    return sum;
  }
  static I widen(I pairs) noexcept { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }
  // Codes of a quad as words, less an offset: even ones, then odd ones.
  static void words(I codes, int offset, I& even, I& odd) noexcept {
    const I all = _mm256_set1_epi16(static_cast<short>(offset));
    even = _mm256_sub_epi16(_mm256_and_si256(codes, _mm256_set1_epi16(255)), all);
    odd = _mm256_sub_epi16(_mm256_srli_epi16(codes, 8), all);
  }
  static I add_words(I sum, I w, I x) noexcept {
    sum = add32(sum, _mm256_madd_epi16(w, x));
    __asm__ volatile("" : "+x"(sum));
    return sum;
  }
  static I multiply_words(I w, I x) noexcept { return _mm256_madd_epi16(w, x); }
  // Sums of four products of codes of 8 bits (offset 128) as they are, without the offset.
  static I dot_signed(I sum, I codes, I x) noexcept {
    const I w = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
    sum = add32(sum, widen(pairs(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w))));
    __asm__ volatile("" : "+x"(sum));
    return sum;
  }

  static F floats(I v) noexcept { return _mm256_cvtepi32_ps(v); }
  static F load_f(const float* p) noexcept { return _mm256_load_ps(p); }
  static void store_f(float* p, F v) noexcept { _mm256_store_ps(p, v); }
  static void storeu_f(float* p, F v) noexcept { _mm256_storeu_ps(p, v); }
  static F zero_f() noexcept { return _mm256_setzero_ps(); }
  static F set1_f(float v) noexcept { return _mm256_set1_ps(v); }
  static F mul(F a, F b) noexcept { return _mm256_mul_ps(a, b); }
  static F fma(F a, F b, F c) noexcept { return _mm256_fmadd_ps(a, b, c); }
  static F fnma(F a, F b, F c) noexcept { return _mm256_fnmadd_ps(a, b, c); }

  // kLanes scales from memory.
  static F from_halves(const std::byte* p) noexcept { return _mm256_cvtph_ps(load128(p)); }
  static F from_bf16(const std::byte* p) noexcept {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load128(p)), 16));
  }
  static F from_u8(const std::byte* p) noexcept { return floats(_mm256_cvtepu8_epi32(load64(p))); }
  static F from_i8(const std::byte* p) noexcept { return floats(_mm256_cvtepi8_epi32(load64(p))); }
  static F from_low_nibbles(const std::byte* p) noexcept {
    return floats(_mm256_cvtepu8_epi32(_mm_and_si128(load64(p), _mm_set1_epi8(15))));
  }
  static F from_high_nibbles(const std::byte* p) noexcept {
    return floats(_mm256_cvtepu8_epi32(_mm_and_si128(_mm_srli_epi16(load64(p), 4), _mm_set1_epi8(15))));
  }

 private:
  static __m128i load128(const std::byte* p) noexcept { return _mm_load_si128(reinterpret_cast<const __m128i*>(p)); }
  static __m128i load64(const std::byte* p) noexcept { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
};

#if defined(__AVXVNNI__) || (defined(__AVX512VNNI__) && defined(__AVX512VL__))
struct PackedOpsVnni256 : PackedOps256 {
  static constexpr bool kDots = true;
  static constexpr Peak kPeak = Peak::int8_dot_256;
  static I dot(I sum, I codes, I x) noexcept {
#ifdef __AVXVNNI__
    return _mm256_dpbusd_avx_epi32(sum, codes, x);
#else
    return _mm256_dpbusd_epi32(sum, codes, x);
#endif
  }
};
#endif

}  // namespace
}  // namespace quern::kernels
