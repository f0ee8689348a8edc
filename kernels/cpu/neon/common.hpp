// What the files of this folder share: loads of unaligned words, and bytes taken apart into codes.
// Everything in the headers here and in simd/ has internal linkage: each extension compiles its own copy with its own
// flags, and none may be picked by the linker for a CPU without it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

namespace quern::kernels {
namespace {

template <class Int>
inline Int int_at(const void* p) noexcept {
  Int value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}
inline std::uint32_t word_at(const void* p) noexcept {
  return int_at<std::uint32_t>(p);
}
inline float f16_at(const void* p) noexcept {
  const uint16x4_t bits = vdup_n_u16(int_at<std::uint16_t>(p));
  return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(bits)), 0);
}

// 32 codes: a group of values, in order.
using Codes = int8x16x2_t;

inline Codes as_codes(uint8x16_t first, uint8x16_t second) noexcept {
  return {vreinterpretq_s8_u8(first), vreinterpretq_s8_u8(second)};
}
inline Codes minus(Codes codes, std::int8_t zero) noexcept {
  const int8x16_t zeros = vdupq_n_s8(zero);
  return {vsubq_s8(codes.val[0], zeros), vsubq_s8(codes.val[1], zeros)};
}

// 16 bytes -> 32 codes of 4 bits: the low halves, then the high halves.
inline Codes four_bit_codes(const std::uint8_t* q) noexcept {
  const uint8x16_t pairs = vld1q_u8(q);
  return as_codes(vandq_u8(pairs, vdupq_n_u8(15)), vshrq_n_u8(pairs, 4));
}
// Entries of a table of 16 bytes.
inline Codes look_up(const std::int8_t (&table)[16], Codes codes) noexcept {
  const int8x16_t entries = vld1q_s8(table);
  return {vqtbl1q_s8(entries, vreinterpretq_u8_s8(codes.val[0])),
          vqtbl1q_s8(entries, vreinterpretq_u8_s8(codes.val[1]))};
}

// All ones in byte i where bit i is set.
inline uint8x16x2_t bytes_of_bits(std::uint32_t bits) noexcept {
  const uint8x16_t bit_of_byte = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t which_byte = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1};
  const uint8x16_t spread = vreinterpretq_u8_u32(vdupq_n_u32(bits));
  const uint8x16_t first = vqtbl1q_u8(spread, which_byte);
  const uint8x16_t second = vqtbl1q_u8(spread, vaddq_u8(which_byte, vdupq_n_u8(2)));
  return {vtstq_u8(first, bit_of_byte), vtstq_u8(second, bit_of_byte)};
}
// Byte i is negated where bit i is set.
inline Codes with_signs(Codes codes, std::uint32_t bits) noexcept {
  const uint8x16x2_t negative = bytes_of_bits(bits);
  for (std::size_t i = 0; i < 2; ++i) {
    const int8x16_t mask = vreinterpretq_s8_u8(negative.val[i]);
    codes.val[i] = vsubq_s8(veorq_s8(codes.val[i], mask), mask);
  }
  return codes;
}

}  // namespace
}  // namespace quern::kernels
