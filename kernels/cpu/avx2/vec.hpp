// Eight F32 lanes of AVX2: the vector type that the algorithms of kernels/cpu/simd/ are instantiated with.
#pragma once

#include "kernels/cpu/x86/common.hpp"

namespace quern::kernels {
namespace {

struct Vec {
  using F = __m256;
  static constexpr std::size_t kLanes = 8;
  // Register tiles, of 16 registers: products 3 x 4 = 12 accumulators + 3 weights (activations are memory operands);
  // scores 2 x 4 = 8 accumulators + 2 queries + 1 key; values 4 x 2 = 8 accumulators + 2 values + 1 weight.
  static constexpr std::size_t kTileRows = 3, kTileTokens = 4;
  static constexpr std::size_t kFusedRows = 2;  // for 3 and 4 tokens
  static constexpr std::size_t kScoreRows = 2;

  static F zero() noexcept { return _mm256_setzero_ps(); }
  static F set1(float v) noexcept { return _mm256_set1_ps(v); }
  static F iota() noexcept { return _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7); }
  static F load(const float* p) noexcept { return _mm256_loadu_ps(p); }
  static void store(float* p, F v) noexcept { _mm256_storeu_ps(p, v); }
  static F load_partial(const float* p, std::size_t n) noexcept { return _mm256_maskload_ps(p, first_lanes(n)); }
  static void store_partial(float* p, F v, std::size_t n) noexcept { _mm256_maskstore_ps(p, first_lanes(n), v); }

  static F load_f16(const std::uint16_t* p) noexcept {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static F load_f16_partial(const std::uint16_t* p, std::size_t n) noexcept {
    return _mm256_cvtph_ps(_mm256_castsi256_si128(load_u16_partial(p, n)));
  }
  static void store_f16(std::uint16_t* p, F v) noexcept {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  static void store_f16_partial(std::uint16_t* p, F v, std::size_t n) noexcept {
    store_u16_partial(p, _mm256_castsi128_si256(_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT)), n);
  }
  static F load_bf16(const std::uint16_t* p) noexcept {
    return from_bf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static F load_bf16_partial(const std::uint16_t* p, std::size_t n) noexcept {
    return from_bf16(_mm256_castsi256_si128(load_u16_partial(p, n)));
  }

  static F load_i8(const void* p) noexcept {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))));
  }
  static float f16_scalar(const void* p) noexcept { return f16_at(static_cast<const std::uint8_t*>(p)); }

  static F add(F a, F b) noexcept { return _mm256_add_ps(a, b); }
  static F sub(F a, F b) noexcept { return _mm256_sub_ps(a, b); }
  static F mul(F a, F b) noexcept { return _mm256_mul_ps(a, b); }
  static F div(F a, F b) noexcept { return _mm256_div_ps(a, b); }
  static F fmadd(F a, F b, F c) noexcept { return _mm256_fmadd_ps(a, b, c); }    // a * b + c
  static F fmsub(F a, F b, F c) noexcept { return _mm256_fmsub_ps(a, b, c); }    // a * b - c
  static F fnmadd(F a, F b, F c) noexcept { return _mm256_fnmadd_ps(a, b, c); }  // c - a * b
  static F max(F a, F b) noexcept { return _mm256_max_ps(a, b); }                // b where either is NaN
  static F min(F a, F b) noexcept { return _mm256_min_ps(a, b); }                // b where either is NaN
  static F abs(F v) noexcept { return _mm256_andnot_ps(set1(-0.0f), v); }
  static F copy_sign(F magnitude, F sign) noexcept {
    return _mm256_or_ps(abs(magnitude), _mm256_and_ps(set1(-0.0f), sign));
  }
  // a < b ? yes : no, lane by lane; no where either is NaN
  static F select_less(F a, F b, F yes, F no) noexcept {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
  }
  static F round(F v) noexcept { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  // v * 2^n for integers n in [-252, 254]: in two halves, so that subnormal results and 2^128 come out right.
  static F scale_by_power_of_two(F v, F n) noexcept {
    const __m256i whole = _mm256_cvtps_epi32(n);
    const __m256i first = _mm256_srai_epi32(whole, 1);
    return mul(mul(v, power_of_two(first)), power_of_two(_mm256_sub_epi32(whole, first)));
  }

  static float reduce_add(F v) noexcept { return sum4(add_halves(v)); }
  // out[i] = reduce_add of the i-th vector, bit for bit
  static void reduce_add4(F a, F b, F c, F d, float* out) noexcept {
    _mm_storeu_ps(out, sum4x4(add_halves(a), add_halves(b), add_halves(c), add_halves(d)));
  }
  static float reduce_max(F v) noexcept {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }

  // Pairs (a, b) of x turned by the angles of kLanes / 2 cosines and sines: (a c - b s, b c + a s).
  static F rotate_pairs(F x, const float* cosines, const float* sines) noexcept {
    const F swapped = _mm256_permute_ps(x, 0xB1);
    return _mm256_fmaddsub_ps(x, twice_each(cosines), mul(swapped, twice_each(sines)));
  }

  // 32 bytes -> 4 vectors: lane j of vector i is byte 4 j + i, so that a shift and a mask replace the shuffles that an
  // ascending order would need (Q4_K decode from L1: 3.6 -> 2.1 cycles per 8 weights on a Zen 3 core). The activations
  // are stored in the same order (prepare_groups in simd/matmul.hpp).
  static constexpr bool kStridedGroups = true;
  static void store_strided(const float* group, float* out) noexcept {  // out[8 i + j] = group[4 j + i]
    const F a = two_quads(group), b = two_quads(group + 4), c = two_quads(group + 8), d = two_quads(group + 12);
    const F ab0 = _mm256_unpacklo_ps(a, b), ab1 = _mm256_unpackhi_ps(a, b);
    const F cd0 = _mm256_unpacklo_ps(c, d), cd1 = _mm256_unpackhi_ps(c, d);
    store(out, _mm256_shuffle_ps(ab0, cd0, 0x44));
    store(out + 8, _mm256_shuffle_ps(ab0, cd0, 0xEE));
    store(out + 16, _mm256_shuffle_ps(ab1, cd1, 0x44));
    store(out + 24, _mm256_shuffle_ps(ab1, cd1, 0xEE));
  }
  static void widen_u8(__m256i bytes, F* out) noexcept {
    const __m256i lowest = _mm256_set1_epi32(255);
    out[0] = _mm256_cvtepi32_ps(_mm256_and_si256(bytes, lowest));
    out[1] = _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(bytes, 8), lowest));
    out[2] = _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(bytes, 16), lowest));
    out[3] = _mm256_cvtepi32_ps(_mm256_srli_epi32(bytes, 24));
  }
  static void widen_i8(__m256i bytes, F* out) noexcept {
    out[0] = _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(bytes, 24), 24));
    out[1] = _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(bytes, 16), 24));
    out[2] = _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(bytes, 8), 24));
    out[3] = _mm256_cvtepi32_ps(_mm256_srai_epi32(bytes, 24));
  }
  // Of a group of 32: (value - zero) * scale, with one scale for the first 16 values and another for the rest.
  static void scale_halves(F* group, float zero, float first, float second) noexcept {
    const F scales = _mm256_blend_ps(set1(first), set1(second), 0xF0);
    const F offsets = mul(scales, set1(zero));
    for (std::size_t i = 0; i < 4; ++i) group[i] = fmsub(group[i], scales, offsets);
  }

 private:
  static __m256i first_lanes(std::size_t n) noexcept {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static F two_quads(const float* p) noexcept {  // p[0..4) and p[16..20)
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + 16), 1);
  }
  static F from_bf16(__m128i halves) noexcept {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  static F power_of_two(__m256i n) noexcept {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
  }
  static F twice_each(const float* four) noexcept {
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(four)),
                                    _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
  }
};

}  // namespace
}  // namespace quern::kernels
