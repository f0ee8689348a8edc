// Block formats with 32 values as integers: value = d * weight - min. As int16_formats.hpp, but each group of 32 is a
// block with a float scale (and min) of its own, so sums leave the integers after each group.
// A format has kBlockValues, kBlockBytes, kIntegerScales, kMins (0 or 8: whether a group has a min), and
//   group(block, even, odd, min): the weights; returns d.
#pragma once

#include "kernels/cpu/x86/int16_formats.hpp"
#include "kernels/quant/e2m1_codebook.hpp"
#include "kernels/quant/iq4_nl.hpp"
#include "kernels/quant/mxfp4.hpp"
#include "kernels/quant/q4_0.hpp"
#include "kernels/quant/q4_1.hpp"
#include "kernels/quant/q5_0.hpp"
#include "kernels/quant/q5_1.hpp"
#include "kernels/quant/q8_0.hpp"

namespace quern::kernels {
namespace {

template <class BlockType, std::size_t kMinsOf256>
struct Int16Format32 {
  using Block = BlockType;
  static constexpr std::size_t kBlockValues = 32, kBlockBytes = sizeof(Block), kMins = kMinsOf256;
  static constexpr bool kIntegerScales = false;
};

inline void split_i8(__m256i bytes, __m256i& even, __m256i& odd) noexcept {
  even = even_i8(bytes);
  odd = odd_i8(bytes);
}
inline void split_u8(__m256i bytes, __m256i& even, __m256i& odd) noexcept {
  even = even_u8(bytes);
  odd = odd_u8(bytes);
}

// 32 codes of 5 bits: the fifth bits are the bits of `high`.
inline __m256i five_bit_codes(const std::uint8_t* q, const std::uint8_t* high) noexcept {
  int bits;
  __builtin_memcpy(&bits, high, sizeof bits);
  const __m256i byte_of_lane = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                                2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i bit_of_lane = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201u));
  const __m256i spread = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), byte_of_lane), bit_of_lane);
  const __m256i fifth = _mm256_and_si256(_mm256_cmpeq_epi8(spread, bit_of_lane), _mm256_set1_epi8(16));
  return _mm256_or_si256(four_bit_codes(q), fifth);
}

struct Int16Q8_0 : Int16Format32<BlockQ8_0, 0> {
  static float group(const Block& block, __m256i& even, __m256i& odd, float&) noexcept {
    split_i8(load_bytes32(block.q), even, odd);
    return f16_at(block.d);
  }
};

struct Int16Q4_0 : Int16Format32<BlockQ4_0, 0> {
  static float group(const Block& block, __m256i& even, __m256i& odd, float&) noexcept {
    split_i8(_mm256_sub_epi8(four_bit_codes(block.q), _mm256_set1_epi8(8)), even, odd);
    return f16_at(block.d);
  }
};

struct Int16Q4_1 : Int16Format32<BlockQ4_1, 8> {
  static float group(const Block& block, __m256i& even, __m256i& odd, float& min) noexcept {
    split_u8(four_bit_codes(block.q), even, odd);
    min = -f16_at(block.m);
    return f16_at(block.d);
  }
};

struct Int16Q5_0 : Int16Format32<BlockQ5_0, 0> {
  static float group(const Block& block, __m256i& even, __m256i& odd, float&) noexcept {
    split_i8(_mm256_sub_epi8(five_bit_codes(block.q, block.high), _mm256_set1_epi8(16)), even, odd);
    return f16_at(block.d);
  }
};

struct Int16Q5_1 : Int16Format32<BlockQ5_1, 8> {
  static float group(const Block& block, __m256i& even, __m256i& odd, float& min) noexcept {
    split_u8(five_bit_codes(block.q, block.high), even, odd);
    min = -f16_at(block.m);
    return f16_at(block.d);
  }
};

struct Int16Iq4Nl : Int16Format32<BlockIq4Nl, 0> {
  static float group(const Block& block, __m256i& even, __m256i& odd, float&) noexcept {
    split_i8(look_up(kIq4Codebook, four_bit_codes(block.q)), even, odd);
    return f16_at(block.d);
  }
};

struct Int16Mxfp4 : Int16Format32<BlockMxfp4, 0> {
  static float group(const Block& block, __m256i& even, __m256i& odd, float&) noexcept {
    split_i8(look_up(kDoubledE2M1, four_bit_codes(block.q)), even, odd);
    // Half of 2^(exponent - 127), as the codes are doubled; the two smallest are subnormal.
    const std::uint32_t bits =
        block.exponent < 2 ? 0x00200000u << block.exponent : static_cast<std::uint32_t>(block.exponent - 1) << 23;
    float half_scale;
    __builtin_memcpy(&half_scale, &bits, sizeof half_scale);
    return half_scale;
  }
};

}  // namespace
}  // namespace quern::kernels
