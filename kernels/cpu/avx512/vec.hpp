// Sixteen F32 lanes of AVX-512 (F, BW, DQ, VL): the vector type that the algorithms of kernels/cpu/simd/ are
// instantiated with. Same operations as avx2/vec.hpp, where they are described.
#pragma once

#include "kernels/cpu/avx512/intrinsics.hpp"
#include "kernels/cpu/x86/common.hpp"

namespace quern::kernels {
namespace {

struct Vec {
  using F = __m512;
  static constexpr std::size_t kLanes = 16;
  // Register tiles, of 32 registers: products 6 x 4 = 24 accumulators + 6 weights + 1 activation; scores 4 x 4.
  static constexpr std::size_t kTileRows = 6, kTileTokens = 4;
  static constexpr std::size_t kFusedRows = 4;  // for 3 and 4 tokens
  static constexpr std::size_t kScoreRows = 4;

  static F zero() noexcept { return _mm512_setzero_ps(); }
  static F set1(float v) noexcept { return _mm512_set1_ps(v); }
  static F iota() noexcept {
    alignas(64) static constexpr float kIota[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return load(kIota);
  }
  static F load(const float* p) noexcept { return _mm512_loadu_ps(p); }
  static void store(float* p, F v) noexcept { _mm512_storeu_ps(p, v); }
  static F load_partial(const float* p, std::size_t n) noexcept { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
  static void store_partial(float* p, F v, std::size_t n) noexcept { _mm512_mask_storeu_ps(p, first_lanes(n), v); }

  static F load_f16(const std::uint16_t* p) noexcept { return _mm512_cvtph_ps(load16(p)); }
  static F load_f16_partial(const std::uint16_t* p, std::size_t n) noexcept {
    return _mm512_cvtph_ps(load_u16_partial(p, n));
  }
  static void store_f16(std::uint16_t* p, F v) noexcept {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  static void store_f16_partial(std::uint16_t* p, F v, std::size_t n) noexcept {
    store_u16_partial(p, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT), n);
  }
  static F load_bf16(const std::uint16_t* p) noexcept { return from_bf16(load16(p)); }
  static F load_bf16_partial(const std::uint16_t* p, std::size_t n) noexcept {
    return from_bf16(load_u16_partial(p, n));
  }

  static F load_i8(const void* p) noexcept {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
  }
  static float f16_scalar(const void* p) noexcept { return f16_at(static_cast<const std::uint8_t*>(p)); }

  static F add(F a, F b) noexcept { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) noexcept { return _mm512_sub_ps(a, b); }
  static F mul(F a, F b) noexcept { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) noexcept { return _mm512_div_ps(a, b); }
  static F fmadd(F a, F b, F c) noexcept { return _mm512_fmadd_ps(a, b, c); }
  static F fmsub(F a, F b, F c) noexcept { return _mm512_fmsub_ps(a, b, c); }
  static F fnmadd(F a, F b, F c) noexcept { return _mm512_fnmadd_ps(a, b, c); }
  static F max(F a, F b) noexcept { return _mm512_max_ps(a, b); }
  static F min(F a, F b) noexcept { return _mm512_min_ps(a, b); }
  static F abs(F v) noexcept { return _mm512_abs_ps(v); }
  static F copy_sign(F magnitude, F sign) noexcept {
    const __m512i sign_bit = _mm512_and_si512(_mm512_castps_si512(sign), _mm512_castps_si512(set1(-0.0f)));
    return _mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(abs(magnitude)), sign_bit));
  }
  static F select_less(F a, F b, F yes, F no) noexcept {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
  }
  static F round(F v) noexcept { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT); }
  static F scale_by_power_of_two(F v, F n) noexcept { return _mm512_scalef_ps(v, n); }

  static float reduce_add(F v) noexcept { return sum4(add_quarters(v)); }
  static void reduce_add4(F a, F b, F c, F d, float* out) noexcept {
    _mm_storeu_ps(out, sum4x4(add_quarters(a), add_quarters(b), add_quarters(c), add_quarters(d)));
  }
  static float reduce_max(F v) noexcept {
    const __m256 eight = _mm256_max_ps(low_half(v), high_half(v));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }

  static F rotate_pairs(F x, const float* cosines, const float* sines) noexcept {
    const F swapped = _mm512_shuffle_ps(x, x, 0xB1);
    return _mm512_fmaddsub_ps(x, twice_each(cosines), mul(swapped, twice_each(sines)));
  }

  static constexpr bool kStridedGroups = false;  // 32 bytes -> 2 vectors in ascending order
  static void widen_u8(__m256i bytes, F* out) noexcept {
    out[0] = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm256_castsi256_si128(bytes)));
    out[1] = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm256_extracti128_si256(bytes, 1)));
  }
  static void widen_i8(__m256i bytes, F* out) noexcept {
    out[0] = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm256_castsi256_si128(bytes)));
    out[1] = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm256_extracti128_si256(bytes, 1)));
  }

  static void scale_halves(F* group, float zero, float first, float second) noexcept {
    group[0] = fmsub(group[0], set1(first), set1(first * zero));
    group[1] = fmsub(group[1], set1(second), set1(second * zero));
  }

 private:
  static __mmask16 first_lanes(std::size_t n) noexcept { return static_cast<__mmask16>((1u << n) - 1u); }
  static __m256i load16(const std::uint16_t* p) noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static F from_bf16(__m256i halves) noexcept {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static __m256 low_half(F v) noexcept { return _mm512_castps512_ps256(v); }
  static __m256 high_half(F v) noexcept { return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1)); }
  static __m128 add_quarters(F v) noexcept { return add_halves(_mm256_add_ps(low_half(v), high_half(v))); }
  static F twice_each(const float* eight) noexcept {
    alignas(64) static constexpr std::int32_t kEachTwice[16] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7};
    return _mm512_permutexvar_ps(_mm512_loadu_si512(kEachTwice), _mm512_castps256_ps512(_mm256_loadu_ps(eight)));
  }
};

}  // namespace
}  // namespace quern::kernels
