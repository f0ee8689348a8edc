// The operations of packed products (packed/ops256.hpp) on vectors of all sixteen rows, with AVX512_VNNI.
#pragma once

#include "kernels/cpu/avx512/intrinsics.hpp"
#include "kernels/peak.hpp"

#include <cstddef>
#include <cstdint>

namespace quern::kernels {
namespace {

struct PackedOps512 {
  using I = __m512i;
  using F = __m512;
  static constexpr std::size_t kLanes = 16, kTileTokens = 8, kTileGroups = 2;
  static constexpr bool kDots = true;
  static constexpr Peak kPeak = Peak::int8_dot_512;

  static I load(const void* p) noexcept { return _mm512_load_si512(p); }
  static void store(void* p, I v) noexcept { _mm512_store_si512(p, v); }
  static I zero() noexcept { return _mm512_setzero_si512(); }
  static I set1(std::int32_t v) noexcept { return _mm512_set1_epi32(v); }
  static I bytes(int v) noexcept { return _mm512_set1_epi8(static_cast<char>(v)); }
  static I add32(I a, I b) noexcept { return _mm512_add_epi32(a, b); }
  static I and_(I a, I b) noexcept { return _mm512_and_si512(a, b); }
  static I or_(I a, I b) noexcept { return _mm512_or_si512(a, b); }
  template <unsigned n>
  static I right16(I v) noexcept {
    return _mm512_srli_epi16(v, n);
  }
  template <unsigned n>
  static I left16(I v) noexcept {
    return _mm512_slli_epi16(v, n);
  }
  template <unsigned n>
  static I left32(I v) noexcept {
    return _mm512_slli_epi32(v, n);
  }
  static I table(const std::uint8_t (&t)[16]) noexcept {
    alignas(64) std::uint8_t four[64];
    for (int i = 0; i < 64; ++i) four[i] = t[i % 16];
    return load(four);
  }
  static I look_up(I table, I codes) noexcept { return _mm512_shuffle_epi8(table, codes); }
  static I dot(I sum, I codes, I x) noexcept { return _mm512_dpbusd_epi32(sum, codes, x); }

  static F floats(I v) noexcept { return _mm512_cvtepi32_ps(v); }
  static F load_f(const float* p) noexcept { return _mm512_load_ps(p); }
  static void store_f(float* p, F v) noexcept { _mm512_store_ps(p, v); }
  static void storeu_f(float* p, F v) noexcept { _mm512_storeu_ps(p, v); }
  static F zero_f() noexcept { return _mm512_setzero_ps(); }
  static F set1_f(float v) noexcept { return _mm512_set1_ps(v); }
  static F mul(F a, F b) noexcept { return _mm512_mul_ps(a, b); }
  static F fma(F a, F b, F c) noexcept { return _mm512_fmadd_ps(a, b, c); }
  static F fnma(F a, F b, F c) noexcept { return _mm512_fnmadd_ps(a, b, c); }

  static F from_halves(const std::byte* p) noexcept {
    return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static F from_bf16(const std::byte* p) noexcept {
    const __m256i halves = _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static F from_u8(const std::byte* p) noexcept { return floats(_mm512_cvtepu8_epi32(load128(p))); }
  static F from_i8(const std::byte* p) noexcept { return floats(_mm512_cvtepi8_epi32(load128(p))); }
  static F from_low_nibbles(const std::byte* p) noexcept {
    return floats(_mm512_cvtepu8_epi32(_mm_and_si128(load128(p), _mm_set1_epi8(15))));
  }
  static F from_high_nibbles(const std::byte* p) noexcept {
    return floats(_mm512_cvtepu8_epi32(_mm_and_si128(_mm_srli_epi16(load128(p), 4), _mm_set1_epi8(15))));
  }

 private:
  static __m128i load128(const std::byte* p) noexcept { return _mm_load_si128(reinterpret_cast<const __m128i*>(p)); }
};

}  // namespace
}  // namespace quern::kernels
