// Formats whose groups of 32 values have float scales: value = d * code + m. A format has
//   Block, kBlockValues (a multiple of 32)
//   kScaleValues: how many values share a d (16 or 32); kHasMin: whether a group has an m
//   group(block, g, d, m): the codes of values 32 g to 32 g + 31 of the block, and their one or two d.
// Layouts: kernels/quant/<type>.hpp.
#pragma once

#include "kernels/cpu/neon/common.hpp"
#include "kernels/quant/e2m1_codebook.hpp"
#include "kernels/quant/iq4_codebook.hpp"
#include "kernels/quant/iq4_nl.hpp"
#include "kernels/quant/mxfp4.hpp"
#include "kernels/quant/nvfp4.hpp"
#include "kernels/quant/q1_0.hpp"
#include "kernels/quant/q2_0.hpp"
#include "kernels/quant/q4_0.hpp"
#include "kernels/quant/q4_1.hpp"
#include "kernels/quant/q5_0.hpp"
#include "kernels/quant/q5_1.hpp"
#include "kernels/quant/q8_0.hpp"

namespace quern::kernels {
namespace {

template <class Block, std::size_t kValues = 32, bool kMin = false, std::size_t kValuesOfScale = 32>
struct GroupFormat {
  using BlockType = Block;
  static constexpr std::size_t kBlockValues = kValues, kScaleValues = kValuesOfScale;
  static constexpr bool kHasMin = kMin;
};

// 32 codes of 5 bits: the fifth bits are the bits of `high`.
inline Codes five_bit_codes(const std::uint8_t* q, const std::uint8_t* high) noexcept {
  const uint8x16x2_t set = bytes_of_bits(word_at(high));
  const uint8x16_t sixteen = vdupq_n_u8(16);
  const Codes low = four_bit_codes(q), fifth = as_codes(vandq_u8(set.val[0], sixteen), vandq_u8(set.val[1], sixteen));
  return {vorrq_s8(low.val[0], fifth.val[0]), vorrq_s8(low.val[1], fifth.val[1])};
}

struct FormatQ8_0 : GroupFormat<BlockQ8_0> {
  static Codes group(const BlockQ8_0& block, std::size_t, float* d, float&) noexcept {
    d[0] = f16_at(block.d);
    return {vld1q_s8(block.q), vld1q_s8(block.q + 16)};
  }
};

struct FormatQ4_0 : GroupFormat<BlockQ4_0> {
  static Codes group(const BlockQ4_0& block, std::size_t, float* d, float&) noexcept {
    d[0] = f16_at(block.d);
    return minus(four_bit_codes(block.q), 8);
  }
};

struct FormatQ4_1 : GroupFormat<BlockQ4_1, 32, true> {
  static Codes group(const BlockQ4_1& block, std::size_t, float* d, float& m) noexcept {
    d[0] = f16_at(block.d);
    m = f16_at(block.m);
    return four_bit_codes(block.q);
  }
};

struct FormatQ5_0 : GroupFormat<BlockQ5_0> {
  static Codes group(const BlockQ5_0& block, std::size_t, float* d, float&) noexcept {
    d[0] = f16_at(block.d);
    return minus(five_bit_codes(block.q, block.high), 16);
  }
};

struct FormatQ5_1 : GroupFormat<BlockQ5_1, 32, true> {
  static Codes group(const BlockQ5_1& block, std::size_t, float* d, float& m) noexcept {
    d[0] = f16_at(block.d);
    m = f16_at(block.m);
    return five_bit_codes(block.q, block.high);
  }
};

struct FormatIq4Nl : GroupFormat<BlockIq4Nl> {
  static Codes group(const BlockIq4Nl& block, std::size_t, float* d, float&) noexcept {
    d[0] = f16_at(block.d);
    return look_up(kIq4Codebook, four_bit_codes(block.q));
  }
};

struct FormatMxfp4 : GroupFormat<BlockMxfp4> {
  static Codes group(const BlockMxfp4& block, std::size_t, float* d, float&) noexcept {
    // Half of 2^(exponent - 127), as the codes are doubled; the two smallest are subnormal.
    const std::uint32_t bits =
        block.exponent < 2 ? 0x00200000u << block.exponent : static_cast<std::uint32_t>(block.exponent - 1) << 23;
    __builtin_memcpy(d, &bits, sizeof bits);
    return look_up(kDoubledE2M1, four_bit_codes(block.q));
  }
};

struct FormatNvfp4 : GroupFormat<BlockNvfp4, 64, false, 16> {
  static Codes group(const BlockNvfp4& block, std::size_t g, float* d, float&) noexcept {
    d[0] = half_of_e4m3(block.scales[2 * g]);
    d[1] = half_of_e4m3(block.scales[2 * g + 1]);
    // Eight bytes hold the low, then the high halves of 16 values.
    const Codes halves = four_bit_codes(block.q + 16 * g);
    const Codes in_order = {vreinterpretq_s8_s64(vzip1q_s64(as_pairs(halves.val[0]), as_pairs(halves.val[1]))),
                            vreinterpretq_s8_s64(vzip2q_s64(as_pairs(halves.val[0]), as_pairs(halves.val[1])))};
    return look_up(kDoubledE2M1, in_order);
  }

 private:
  static int64x2_t as_pairs(int8x16_t v) noexcept { return vreinterpretq_s64_s8(v); }
  // Half of the scale, as the codes are doubled.
  static float half_of_e4m3(std::uint8_t code) noexcept {
    const std::uint32_t exponent = code >> 3 & 15u, mantissa = code & 7u;
    if (code == 127) return 0.0f;  // the reference has no NaN either
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
    const std::uint32_t bits = (exponent + 127 - 8) << 23 | mantissa << 20;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
  }
};

struct FormatQ1_0 : GroupFormat<BlockQ1_0, 128> {
  static Codes group(const BlockQ1_0& block, std::size_t g, float* d, float&) noexcept {
    d[0] = f16_at(block.d);
    const int8x16_t minus_one = vdupq_n_s8(-1);
    return with_signs({minus_one, minus_one}, word_at(block.q + 4 * g));
  }
};

struct FormatQ2_0 : GroupFormat<BlockQ2_0, 64> {
  static Codes group(const BlockQ2_0& block, std::size_t g, float* d, float&) noexcept {
    d[0] = f16_at(block.d);
    // Each byte four times, every copy shifted to another code.
    const uint8x16_t bytes = vreinterpretq_u8_u64(vdupq_n_u64(int_at<std::uint64_t>(block.q + 8 * g)));
    const uint8x16_t which = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
    const int8x16_t shift = {0, -2, -4, -6, 0, -2, -4, -6, 0, -2, -4, -6, 0, -2, -4, -6};
    const auto codes = [&](uint8x16_t index) {
      return vandq_u8(vshlq_u8(vqtbl1q_u8(bytes, index), shift), vdupq_n_u8(3));
    };
    return minus(as_codes(codes(which), codes(vaddq_u8(which, vdupq_n_u8(4)))), 1);
  }
};

}  // namespace
}  // namespace quern::kernels
