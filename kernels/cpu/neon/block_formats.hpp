// Block formats with 256 values as bytes: value = d * scale * code - dmin * min, where scales and mins are integers of
// a sub-block. Layouts: kernels/quant/<type>.hpp. A format has
//   Block
//   kScaleValues: how many values share a scale (16 or 32); kMins: how many mins 256 values have (0, 8 or 16)
//   open(block, fields): scales, mins, d and dmin
//   group(block, g): the codes of values 32 g to 32 g + 31.
// |code * scale| stays below 2^15, so that the sum of 256 products with seven bits each stays below 2^31: q6_k reaches
// 4096, iq4_xs 4064. See grid_formats.hpp for the formats with codebooks of points.
#pragma once

#include "kernels/cpu/neon/common.hpp"
#include "kernels/quant/iq4_codebook.hpp"
#include "kernels/quant/iq4_xs.hpp"
#include "kernels/quant/q2_k.hpp"
#include "kernels/quant/q3_k.hpp"
#include "kernels/quant/q4_k.hpp"
#include "kernels/quant/q5_k.hpp"
#include "kernels/quant/q6_k.hpp"
#include "kernels/quant/tq1_0.hpp"
#include "kernels/quant/tq2_0.hpp"

namespace quern::kernels {
namespace {

// What the groups of one block share.
struct BlockFields {
  std::int8_t scales[16];
  std::uint8_t mins[16];
  float d, dmin;
};

// The packed scales and mins of q4_k and q5_k (kernels/quant/kquant_scales.hpp), four fields at a time.
template <class Block>
struct SixBitScales {
  using BlockType = Block;
  static constexpr std::size_t kScaleValues = 32, kMins = 8;
  static void open(const Block& block, BlockFields& fields) noexcept {
    const std::uint32_t first = word_at(block.scales), second = word_at(block.scales + 4);
    const std::uint32_t third = word_at(block.scales + 8);
    const std::uint32_t scales[2] = {first & 0x3f3f3f3fu, (third & 0x0f0f0f0fu) | (first >> 2 & 0x30303030u)};
    const std::uint32_t mins[2] = {second & 0x3f3f3f3fu, (third >> 4 & 0x0f0f0f0fu) | (second >> 2 & 0x30303030u)};
    __builtin_memcpy(fields.scales, scales, sizeof scales);
    __builtin_memcpy(fields.mins, mins, sizeof mins);
    fields.d = f16_at(block.d);
    fields.dmin = f16_at(block.dmin);
  }
};

// The codes of group g in the low or the high halves of 32 bytes that two groups share.
inline Codes half_bytes(const std::uint8_t* q, bool upper) noexcept {
  const int8x16_t shift = vdupq_n_s8(upper ? -4 : 0);
  const uint8x16_t low4 = vdupq_n_u8(15);
  return as_codes(vandq_u8(vshlq_u8(vld1q_u8(q), shift), low4), vandq_u8(vshlq_u8(vld1q_u8(q + 16), shift), low4));
}
// Bits [bit, bit + width) of 32 bytes, moved up to bit `to`.
inline Codes bit_fields(const std::uint8_t* q, int bit, int width, int to) noexcept {
  const uint8x16_t mask = vdupq_n_u8(static_cast<std::uint8_t>((1 << width) - 1));
  const int8x16_t down = vdupq_n_s8(static_cast<std::int8_t>(-bit)), up = vdupq_n_s8(static_cast<std::int8_t>(to));
  return as_codes(vshlq_u8(vandq_u8(vshlq_u8(vld1q_u8(q), down), mask), up),
                  vshlq_u8(vandq_u8(vshlq_u8(vld1q_u8(q + 16), down), mask), up));
}
inline Codes either(Codes a, Codes b) noexcept {
  return {vorrq_s8(a.val[0], b.val[0]), vorrq_s8(a.val[1], b.val[1])};
}
// Two bits a value: bits 2 j and 2 j + 1 of bytes 32 h .. 32 h + 31, with g = 4 h + j.
inline Codes two_bit_codes(const std::uint8_t* q, std::size_t g) noexcept {
  return bit_fields(q + g / 4 * 32, static_cast<int>(2 * (g % 4)), 2, 0);
}

struct FormatQ4K : SixBitScales<BlockQ4K> {
  static Codes group(const BlockQ4K& block, std::size_t g) noexcept {
    return half_bytes(block.q + g / 2 * 32, g % 2 != 0);
  }
};

struct FormatQ5K : SixBitScales<BlockQ5K> {
  static Codes group(const BlockQ5K& block, std::size_t g) noexcept {
    return either(half_bytes(block.q + g / 2 * 32, g % 2 != 0), bit_fields(block.high, static_cast<int>(g), 1, 4));
  }
};

struct FormatQ6K {
  using BlockType = BlockQ6K;
  static constexpr std::size_t kScaleValues = 16, kMins = 0;
  static void open(const BlockQ6K& block, BlockFields& fields) noexcept {
    __builtin_memcpy(fields.scales, block.scales, sizeof fields.scales);
    fields.d = f16_at(block.d);
  }
  static Codes group(const BlockQ6K& block, std::size_t g) noexcept {
    const std::size_t half = g / 4, quarter = g % 4;
    const Codes low = half_bytes(block.low + 64 * half + 32 * (quarter % 2), quarter >= 2);
    return minus(either(low, bit_fields(block.high + 32 * half, static_cast<int>(2 * quarter), 2, 4)), 32);
  }
};

struct FormatQ2K {
  using BlockType = BlockQ2K;
  static constexpr std::size_t kScaleValues = 16, kMins = 16;
  static void open(const BlockQ2K& block, BlockFields& fields) noexcept {
    const uint8x16_t both = vld1q_u8(block.scales);
    vst1q_s8(fields.scales, vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(15))));
    vst1q_u8(fields.mins, vshrq_n_u8(both, 4));
    fields.d = f16_at(block.d);
    fields.dmin = f16_at(block.dmin);
  }
  static Codes group(const BlockQ2K& block, std::size_t g) noexcept { return two_bit_codes(block.q, g); }
};

struct FormatQ3K {
  using BlockType = BlockQ3K;
  static constexpr std::size_t kScaleValues = 16, kMins = 0;
  static void open(const BlockQ3K& block, BlockFields& fields) noexcept {
    // Four scales a word: the low four bits are a nibble of the first two words, the others two bits of the last.
    const std::uint32_t upper = word_at(block.scales + 8);
    std::uint32_t words[4];
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint32_t lower = word_at(block.scales + 4 * (i % 2)) >> (i / 2 * 4);
      words[i] = (lower & 0x0f0f0f0fu) | (upper >> (2 * i) & 0x03030303u) << 4;
    }
    __builtin_memcpy(fields.scales, words, sizeof words);
    vst1q_s8(fields.scales, vsubq_s8(vld1q_s8(fields.scales), vdupq_n_s8(32)));
    fields.d = f16_at(block.d);
  }
  static Codes group(const BlockQ3K& block, std::size_t g) noexcept {
    return minus(either(two_bit_codes(block.q, g), bit_fields(block.high, static_cast<int>(g), 1, 2)), 4);
  }
};

struct FormatIq4Xs {
  using BlockType = BlockIq4Xs;
  static constexpr std::size_t kScaleValues = 32, kMins = 0;
  static void open(const BlockIq4Xs& block, BlockFields& fields) noexcept {
    const std::uint32_t low = word_at(block.scales_low), high = int_at<std::uint16_t>(block.scales_high);
    for (std::uint32_t g = 0; g < 8; ++g) {
      const std::uint32_t scale = (low >> (4 * g) & 15u) | (high >> (2 * g) & 3u) << 4;
      fields.scales[g] = static_cast<std::int8_t>(static_cast<int>(scale) - 32);
    }
    fields.d = f16_at(block.d);
  }
  static Codes group(const BlockIq4Xs& block, std::size_t g) noexcept {
    return look_up(kIq4Codebook, four_bit_codes(block.q + 16 * g));
  }
};

// Three values and one scale for all.
template <class Block>
struct TernaryFormat {
  using BlockType = Block;
  static constexpr std::size_t kScaleValues = 32, kMins = 0;
  static void open(const Block& block, BlockFields& fields) noexcept {
    __builtin_memset(fields.scales, 1, sizeof fields.scales);
    fields.d = f16_at(block.d);
  }
};

struct FormatTq2_0 : TernaryFormat<BlockTq2_0> {
  static Codes group(const BlockTq2_0& block, std::size_t g) noexcept { return minus(two_bit_codes(block.q, g), 1); }
};

struct FormatTq1_0 : TernaryFormat<BlockTq1_0> {
  // Groups 0 to 4 are the digits of 32 bytes; 5 and 6 two digits each of the next 16, whose last digit shares group 7
  // with four digits of the last 4.
  static Codes group(const BlockTq1_0& block, std::size_t g) noexcept {
    static constexpr std::uint8_t kPowersOf3[5] = {1, 3, 9, 27, 81};
    if (g < 5) {
      const uint8x16_t power = vdupq_n_u8(kPowersOf3[g]);
      return minus(as_codes(digits(vld1q_u8(block.q), power), digits(vld1q_u8(block.q + 16), power)), 1);
    }
    const uint8x16_t sixteen = vld1q_u8(block.q + 32);
    if (g < 7) {
      const std::size_t n = 2 * (g - 5);
      return minus(as_codes(digits(sixteen, vdupq_n_u8(kPowersOf3[n])), digits(sixteen, vdupq_n_u8(kPowersOf3[n + 1]))),
                   1);
    }
    const uint8x16_t last = vreinterpretq_u8_u32(vdupq_n_u32(word_at(block.last)));
    const uint8x16_t powers = {1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27};
    return minus(as_codes(digits(sixteen, vdupq_n_u8(kPowersOf3[4])), digits(last, powers)), 1);
  }

 private:
  // (byte * power mod 256) * 3 / 256 of each byte.
  static uint8x16_t digits(uint8x16_t bytes, uint8x16_t powers) noexcept {
    const uint8x16_t fractions = vmulq_u8(bytes, powers);
    const uint8x8_t three = vdup_n_u8(3);
    return vcombine_u8(vshrn_n_u16(vmull_u8(vget_low_u8(fractions), three), 8),
                       vshrn_n_u16(vmull_u8(vget_high_u8(fractions), three), 8));
  }
};

}  // namespace
}  // namespace quern::kernels
