// 128- and 256-bit helpers that the AVX2 and the AVX-512 tier share. Needs -mavx2 -mfma -mf16c.
// Everything in the headers of simd/ and x86/ has internal linkage: each ISA folder compiles its own copy with its own
// flags, and none may be picked by the linker for another tier.
#pragma once

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

namespace quern::kernels {
namespace {

inline __m256i load_bytes32(const void* p) noexcept {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

inline float f16_at(const std::uint8_t* p) noexcept {
  std::uint16_t bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
}

inline __m128 add_halves(__m256 v) noexcept {
  return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
}

// (v0 + v1) + (v2 + v3): the one order in which four lanes are summed, alone or four vectors at once.
inline float sum4(__m128 v) noexcept {
  const __m128 pairs = _mm_hadd_ps(v, v);
  return _mm_cvtss_f32(_mm_hadd_ps(pairs, pairs));
}
inline __m128 sum4x4(__m128 a, __m128 b, __m128 c, __m128 d) noexcept {
  return _mm_hadd_ps(_mm_hadd_ps(a, b), _mm_hadd_ps(c, d));
}

// n < 16 values of 16 bits, the rest zero; reads nothing behind them.
inline __m256i load_u16_partial(const std::uint16_t* p, std::size_t n) noexcept {
  alignas(32) std::uint16_t padded[16] = {};
  __builtin_memcpy(padded, p, n * sizeof(std::uint16_t));
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(padded));
}
inline void store_u16_partial(std::uint16_t* p, __m256i v, std::size_t n) noexcept {
  alignas(32) std::uint16_t padded[16];
  _mm256_store_si256(reinterpret_cast<__m256i*>(padded), v);
  __builtin_memcpy(p, padded, n * sizeof(std::uint16_t));
}

}  // namespace
}  // namespace quern::kernels
