// Four F32 lanes of NEON: the vector type that the algorithms of kernels/cpu/simd/ are instantiated with. Everything
// here is in the first version of AArch64. Same operations as avx2/vec.hpp, where they are described.
#pragma once

#include "kernels/cpu/neon/common.hpp"

namespace quern::kernels {
namespace {

struct Vec {
  using F = float32x4_t;
  static constexpr std::size_t kLanes = 4;
  // Register tiles, of 32 registers: products 6 x 4 = 24 accumulators + 6 weights + 1 activation; scores 4 x 4.
  static constexpr std::size_t kTileRows = 6, kTileTokens = 4;
  static constexpr std::size_t kFusedRows = 4;  // for 3 and 4 tokens
  static constexpr std::size_t kScoreRows = 4;

  static F zero() noexcept { return vdupq_n_f32(0); }
  static F set1(float v) noexcept { return vdupq_n_f32(v); }
  static F iota() noexcept { return F{0, 1, 2, 3}; }
  static F load(const float* p) noexcept { return vld1q_f32(p); }
  static void store(float* p, F v) noexcept { vst1q_f32(p, v); }
  static F load_partial(const float* p, std::size_t n) noexcept {
    float padded[kLanes] = {};
    __builtin_memcpy(padded, p, n * sizeof(float));
    return load(padded);
  }
  static void store_partial(float* p, F v, std::size_t n) noexcept {
    float padded[kLanes];
    store(padded, v);
    __builtin_memcpy(p, padded, n * sizeof(float));
  }

  static F load_f16(const std::uint16_t* p) noexcept { return from_f16(vld1_u16(p)); }
  static F load_f16_partial(const std::uint16_t* p, std::size_t n) noexcept { return from_f16(load_u16(p, n)); }
  static void store_f16(std::uint16_t* p, F v) noexcept { vst1_u16(p, to_f16(v)); }
  static void store_f16_partial(std::uint16_t* p, F v, std::size_t n) noexcept {
    std::uint16_t padded[kLanes];
    vst1_u16(padded, to_f16(v));
    __builtin_memcpy(p, padded, n * sizeof(std::uint16_t));
  }
  static F load_bf16(const std::uint16_t* p) noexcept { return from_bf16(vld1_u16(p)); }
  static F load_bf16_partial(const std::uint16_t* p, std::size_t n) noexcept { return from_bf16(load_u16(p, n)); }

  static F load_i8(const void* p) noexcept {
    const int8x8_t four = vreinterpret_s8_u32(vdup_n_u32(word_at(p)));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(four))));
  }
  static float f16_scalar(const void* p) noexcept { return f16_at(p); }

  static F add(F a, F b) noexcept { return vaddq_f32(a, b); }
  static F sub(F a, F b) noexcept { return vsubq_f32(a, b); }
  static F mul(F a, F b) noexcept { return vmulq_f32(a, b); }
  static F div(F a, F b) noexcept { return vdivq_f32(a, b); }
  static F fmadd(F a, F b, F c) noexcept { return vfmaq_f32(c, a, b); }             // a * b + c
  static F fmsub(F a, F b, F c) noexcept { return vfmaq_f32(vnegq_f32(c), a, b); }  // a * b - c
  static F fnmadd(F a, F b, F c) noexcept { return vfmsq_f32(c, a, b); }            // c - a * b
  // NaN where either is NaN: more than the algorithms ask for.
  static F max(F a, F b) noexcept { return vmaxq_f32(a, b); }
  static F min(F a, F b) noexcept { return vminq_f32(a, b); }
  static F abs(F v) noexcept { return vabsq_f32(v); }
  static F copy_sign(F magnitude, F sign) noexcept { return vbslq_f32(vdupq_n_u32(0x80000000u), sign, magnitude); }
  static F select_less(F a, F b, F yes, F no) noexcept { return vbslq_f32(vcltq_f32(a, b), yes, no); }
  static F round(F v) noexcept { return vrndnq_f32(v); }
  // In two halves, so that subnormal results and 2^128 come out right.
  static F scale_by_power_of_two(F v, F n) noexcept {
    const int32x4_t whole = vcvtq_s32_f32(n), first = vshrq_n_s32(whole, 1);
    return mul(mul(v, power_of_two(first)), power_of_two(vsubq_s32(whole, first)));
  }

  // (v0 + v1) + (v2 + v3)
  static float reduce_add(F v) noexcept {
    const F pairs = vpaddq_f32(v, v);
    return vgetq_lane_f32(vpaddq_f32(pairs, pairs), 0);
  }
  static void reduce_add4(F a, F b, F c, F d, float* out) noexcept {
    store(out, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
  }
  static float reduce_max(F v) noexcept { return vmaxvq_f32(v); }

  static F rotate_pairs(F x, const float* cosines, const float* sines) noexcept {
    const uint32x4_t first_of_pairs = {0x80000000u, 0, 0x80000000u, 0};
    const F turned = vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(vrev64q_f32(x)), first_of_pairs));
    return fmadd(x, twice_each(cosines), mul(turned, twice_each(sines)));
  }

 private:
  static uint16x4_t load_u16(const std::uint16_t* p, std::size_t n) noexcept {
    std::uint16_t padded[kLanes] = {};
    __builtin_memcpy(padded, p, n * sizeof(std::uint16_t));
    return vld1_u16(padded);
  }
  static F from_f16(uint16x4_t halves) noexcept { return vcvt_f32_f16(vreinterpret_f16_u16(halves)); }
  static uint16x4_t to_f16(F v) noexcept { return vreinterpret_u16_f16(vcvt_f16_f32(v)); }
  static F from_bf16(uint16x4_t halves) noexcept { return vreinterpretq_f32_u32(vshll_n_u16(halves, 16)); }
  static F power_of_two(int32x4_t n) noexcept {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
  }
  static F twice_each(const float* two) noexcept {
    const float32x2_t v = vld1_f32(two);
    return vcombine_f32(vdup_lane_f32(v, 0), vdup_lane_f32(v, 1));
  }
};

}  // namespace
}  // namespace quern::kernels
