// Tests only: SIMDe under the intrinsics' own names, and those that SIMDe 0.7 has not, or has with other effects than
// the instruction (masked loads and stores must not touch memory behind the mask; scalef must not overflow in between).
// Plain loops over the lanes. Included by intrinsics.hpp only.
#pragma once

#include <cstdint>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

namespace quern::kernels {
namespace {

template <class To, class From>
inline To lanes_to(const From& lanes) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  To out;
  __builtin_memcpy(&out, &lanes, sizeof out);
  return out;
}
struct Floats {
  float v[16];
};
struct Ints {
  std::int32_t v[16];
};

inline __m512 emulated_maskz_loadu_ps(unsigned mask, const float* p) noexcept {
  Floats out{};
  for (int i = 0; i < 16; ++i) {
    if ((mask >> i) & 1u) out.v[i] = p[i];
  }
  return lanes_to<__m512>(out);
}
inline void emulated_mask_storeu_ps(float* p, unsigned mask, __m512 v) noexcept {
  const auto in = lanes_to<Floats>(v);
  for (int i = 0; i < 16; ++i) {
    if ((mask >> i) & 1u) p[i] = in.v[i];
  }
}
inline __m512 emulated_cvtph_ps(__m256i halves) noexcept {
  Floats out;
  _mm256_storeu_ps(out.v, _mm256_cvtph_ps(_mm256_castsi256_si128(halves)));
  _mm256_storeu_ps(out.v + 8, _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)));
  return lanes_to<__m512>(out);
}
inline __m256i emulated_cvtps_ph(__m512 v) noexcept {
  const auto in = lanes_to<Floats>(v);
  return _mm256_set_m128i(_mm256_cvtps_ph(_mm256_loadu_ps(in.v + 8), _MM_FROUND_TO_NEAREST_INT),
                          _mm256_cvtps_ph(_mm256_loadu_ps(in.v), _MM_FROUND_TO_NEAREST_INT));
}
template <class Element, class Register>
inline __m512i emulated_widen(Register v) noexcept {
  Element in[sizeof(Register) / sizeof(Element)];
  __builtin_memcpy(in, &v, sizeof in);
  Ints out;
  for (int i = 0; i < 16; ++i) out.v[i] = in[i];
  return lanes_to<__m512i>(out);
}
inline __m512i emulated_cvtepu8_epi16(__m256i v) noexcept {
  std::uint8_t in[32];
  std::uint16_t out[32];
  __builtin_memcpy(in, &v, sizeof in);
  for (int i = 0; i < 32; ++i) out[i] = in[i];
  __m512i wide;
  __builtin_memcpy(&wide, out, sizeof wide);
  return wide;
}
inline __m512 emulated_cvtepi32_ps(__m512i v) noexcept {
  const auto in = lanes_to<Ints>(v);
  Floats out;
  for (int i = 0; i < 16; ++i) out.v[i] = static_cast<float>(in.v[i]);
  return lanes_to<__m512>(out);
}
inline __m512i emulated_cvtps_epi32(__m512 v) noexcept {
  const auto in = lanes_to<Floats>(v);
  Ints out;
  for (int i = 0; i < 16; i += 8) {
    const __m256i eight = _mm256_cvtps_epi32(_mm256_loadu_ps(in.v + i));
    __builtin_memcpy(out.v + i, &eight, sizeof eight);
  }
  return lanes_to<__m512i>(out);
}
inline __m512 emulated_fmaddsub_ps(__m512 a, __m512 b, __m512 c) noexcept {
  const auto x = lanes_to<Floats>(a), y = lanes_to<Floats>(b), z = lanes_to<Floats>(c);
  Floats out;
  for (int i = 0; i < 16; ++i) out.v[i] = __builtin_fmaf(x.v[i], y.v[i], i % 2 == 0 ? -z.v[i] : z.v[i]);
  return lanes_to<__m512>(out);
}
inline __m512 emulated_scalef_ps(__m512 a, __m512 b) noexcept {
  const auto x = lanes_to<Floats>(a), y = lanes_to<Floats>(b);
  Floats out;
  for (int i = 0; i < 16; ++i) {
    out.v[i] = y.v[i] == y.v[i] ? __builtin_ldexpf(x.v[i], static_cast<int>(y.v[i])) : x.v[i] + y.v[i];
  }
  return lanes_to<__m512>(out);
}

// AVX512_BF16. Source: Intel SDM volume 2, VCVTNE2PS2BF16 and VDPBF16PS: subnormal operands and results are zero, the
// odd product is added first, each step rounds to nearest even.
inline std::uint16_t emulated_bf16_of(float value) noexcept {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  if (value != value) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  if ((bits & 0x7f800000u) == 0) return static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
inline float emulated_flushed(float value) noexcept {
  return __builtin_fabsf(value) < 0x1p-126f ? __builtin_copysignf(0.0f, value) : value;
}
inline float emulated_float_of_bf16(std::uint16_t half) noexcept {
  const std::uint32_t bits = std::uint32_t{half} << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return emulated_flushed(value);
}
struct Halves {
  std::uint16_t v[32];
};
inline __m512i to_bf16(__m512 first, __m512 second) noexcept {
  const auto a = lanes_to<Floats>(first), b = lanes_to<Floats>(second);
  Halves out;
  for (int i = 0; i < 16; ++i) {
    out.v[i] = emulated_bf16_of(a.v[i]);
    out.v[16 + i] = emulated_bf16_of(b.v[i]);
  }
  return lanes_to<__m512i>(out);
}
inline __m512 dot_bf16(__m512 sum, __m512i a, __m512i b) noexcept {
  const auto x = lanes_to<Halves>(a), y = lanes_to<Halves>(b);
  auto out = lanes_to<Floats>(sum);
  for (int i = 0; i < 16; ++i) {
    for (int j = 2 * i + 1; j >= 2 * i; --j) {
      out.v[i] = emulated_flushed(
          __builtin_fmaf(emulated_float_of_bf16(x.v[j]), emulated_float_of_bf16(y.v[j]), emulated_flushed(out.v[i])));
    }
  }
  return lanes_to<__m512>(out);
}

}  // namespace
}  // namespace quern::kernels

#undef _mm512_maskz_loadu_ps
#undef _mm512_mask_storeu_ps
#undef _mm512_scalef_ps
#define _mm512_maskz_loadu_ps(mask, p) emulated_maskz_loadu_ps(mask, p)
#define _mm512_mask_storeu_ps(p, mask, v) emulated_mask_storeu_ps(p, mask, v)
#define _mm512_cvtph_ps(v) emulated_cvtph_ps(v)
#define _mm512_cvtps_ph(v, rounding) emulated_cvtps_ph(v)
#define _mm512_cvtepu8_epi32(v) emulated_widen<std::uint8_t>(v)
#define _mm512_cvtepi8_epi32(v) emulated_widen<std::int8_t>(v)
#define _mm512_cvtepu16_epi32(v) emulated_widen<std::uint16_t>(v)
#define _mm512_cvtepi16_epi32(v) emulated_widen<std::int16_t>(v)
#define _mm512_cvtepu8_epi16(v) emulated_cvtepu8_epi16(v)
#define _mm512_cvtepi32_ps(v) emulated_cvtepi32_ps(v)
#define _mm512_cvtps_epi32(v) emulated_cvtps_epi32(v)
#define _mm512_fmaddsub_ps(a, b, c) emulated_fmaddsub_ps(a, b, c)
#define _mm512_scalef_ps(a, b) emulated_scalef_ps(a, b)
