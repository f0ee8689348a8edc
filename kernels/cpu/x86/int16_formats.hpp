// Block formats with 256 values as integers: value = d * weight - min, where `weight` (code times the scale of its
// sub-block) fits 16 bits and `min` is shared by 32 or 16 values. Layouts: kernels/quant/<type>.hpp.
// A format has
//   kBlockValues, kBlockBytes, kIntegerScales
//   kMins: how many mins 256 values have (0, 8 or 16)
//   State with d and mins[kMins / 8], open(block, state), and
//   group(state, g, even, odd): the weights of values 32 g + 0, 2, .. 30 and 32 g + 1, 3, .. 31.
// |weight| * 16383 * 32 stays below 2^31: q5_k reaches 1953, q6_k 4096.
#pragma once

#include "kernels/cpu/x86/codes.hpp"
#include "kernels/quant/iq4_codebook.hpp"
#include "kernels/quant/iq4_xs.hpp"
#include "kernels/quant/q2_k.hpp"
#include "kernels/quant/q3_k.hpp"
#include "kernels/quant/tq2_0.hpp"

namespace quern::kernels {
namespace {

inline __m256i even_u8(__m256i bytes) noexcept {
  return _mm256_and_si256(bytes, _mm256_set1_epi16(255));
}
inline __m256i odd_u8(__m256i bytes) noexcept {
  return _mm256_srli_epi16(bytes, 8);
}
inline __m256i even_i8(__m256i bytes) noexcept {
  return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
}
inline __m256i odd_i8(__m256i bytes) noexcept {
  return _mm256_srai_epi16(bytes, 8);
}
inline __m256 floats_of_u8(std::uint64_t bytes) noexcept {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(bytes))));
}

// Eight scales, each for a group of 32.
struct WideScales {
  __m256i twice;  // 16 bits each

  void set(__m128i eight_int16) noexcept { twice = _mm256_broadcastsi128_si256(eight_int16); }
  __m256i operator[](std::size_t g) const noexcept {
    return _mm256_shuffle_epi8(twice, _mm256_set1_epi16(static_cast<short>((2 * g + 1) << 8 | 2 * g)));
  }
};

// Sixteen scales: those of a group of 32 go to the lower and the upper half of its even and odd values.
struct HalfScales {
  __m256i pairs;  // lower half: scales 0, 2, .. 14 in 16 bits; upper half: 1, 3, .. 15

  void set(__m128i sixteen_int8) noexcept {
    const __m128i even_then_odd = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    pairs = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(sixteen_int8, even_then_odd));
  }
  __m256i operator[](std::size_t g) const noexcept {
    return _mm256_shuffle_epi8(pairs, _mm256_set1_epi16(static_cast<short>((2 * g + 1) << 8 | 2 * g)));
  }
};

// What q4_k and q5_k share: eight scales and eight mins of 6 bits each.
template <class Block>
struct Int16SixBitScales {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(Block), kMins = 8;
  static constexpr bool kIntegerScales = true;
  static constexpr bool kHasByteCodes = true;  // codes_of() is unsigned, and scales[g] holds for all values of a group
  struct State {
    const Block* block;
    WideScales scales;
    float d;
    __m256 mins[1];
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const Block*>(bytes);
    const SixBitScales sub(*state.block);
    state.scales.set(_mm256_castsi256_si128(sub.fields));
    state.d = sub.d;
    state.mins[0] = sub.mins;
  }
};

struct Int16Q4K : Int16SixBitScales<BlockQ4K> {
  static void group(const State& state, std::size_t g, __m256i& even, __m256i& odd) noexcept {
    const __m256i codes = load_bytes32(state.block->q + g / 2 * 32), low4 = _mm256_set1_epi16(15);
    const bool upper = g % 2 != 0;
    const __m256i scale = state.scales[g];
    even = _mm256_and_si256(upper ? _mm256_srli_epi16(codes, 4) : codes, low4);
    odd = upper ? _mm256_srli_epi16(codes, 12) : _mm256_and_si256(_mm256_srli_epi16(codes, 8), low4);
    even = _mm256_mullo_epi16(even, scale);
    odd = _mm256_mullo_epi16(odd, scale);
  }
};

struct Int16Q5K : Int16SixBitScales<BlockQ5K> {
  static void group(const State& state, std::size_t g, __m256i& even, __m256i& odd) noexcept {
    const __m256i codes = codes_of(*state.block, g), scale = state.scales[g];
    even = _mm256_mullo_epi16(even_u8(codes), scale);
    odd = _mm256_mullo_epi16(odd_u8(codes), scale);
  }
};

struct Int16Q6K {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockQ6K), kMins = 0;
  static constexpr bool kIntegerScales = true;
  struct State {
    const BlockQ6K* block;
    HalfScales scales;
    float d;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockQ6K*>(bytes);
    state.scales.set(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state.block->scales)));
    state.d = f16_at(state.block->d);
  }
  static void group(const State& state, std::size_t g, __m256i& even, __m256i& odd) noexcept {
    const __m256i codes = codes_of(*state.block, g);
    const __m256i centred = _mm256_sub_epi8(codes, _mm256_set1_epi8(32)), scale = state.scales[g];
    even = _mm256_mullo_epi16(even_i8(centred), scale);
    odd = _mm256_mullo_epi16(odd_i8(centred), scale);
  }
};

// The 2-bit codes of group g: bits 2 j and 2 j + 1 of bytes 32 h .. 32 h + 31, with g = 4 h + j.
inline __m256i two_bit_codes(const std::uint8_t* q, std::size_t g) noexcept {
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(2 * (g % 4)));
  return _mm256_and_si256(_mm256_srl_epi16(load_bytes32(q + g / 4 * 32), shift), _mm256_set1_epi8(3));
}

struct Int16Q2K {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockQ2K), kMins = 16;
  static constexpr bool kIntegerScales = true;
  struct State {
    const BlockQ2K* block;
    HalfScales scales;
    float d;
    __m256 mins[2];
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockQ2K*>(bytes);
    const __m128i both = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.block->scales));
    const __m128i low4 = _mm_set1_epi8(15);
    state.scales.set(_mm_and_si128(both, low4));
    state.d = f16_at(state.block->d);
    const __m128i mins = _mm_and_si128(_mm_srli_epi16(both, 4), low4);
    const __m256 dmin = _mm256_set1_ps(f16_at(state.block->dmin));
    state.mins[0] = _mm256_mul_ps(floats_of_u8(static_cast<std::uint64_t>(_mm_cvtsi128_si64(mins))), dmin);
    state.mins[1] = _mm256_mul_ps(floats_of_u8(static_cast<std::uint64_t>(_mm_extract_epi64(mins, 1))), dmin);
  }
  static void group(const State& state, std::size_t g, __m256i& even, __m256i& odd) noexcept {
    const __m256i codes = two_bit_codes(state.block->q, g), scale = state.scales[g];
    even = _mm256_mullo_epi16(even_u8(codes), scale);
    odd = _mm256_mullo_epi16(odd_u8(codes), scale);
  }
};

struct Int16Q3K {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockQ3K), kMins = 0;
  static constexpr bool kIntegerScales = true;
  struct State {
    const BlockQ3K* block;
    HalfScales scales;
    float d;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockQ3K*>(bytes);
    std::uint32_t words[3];
    __builtin_memcpy(words, state.block->scales, sizeof words);
    alignas(16) std::uint32_t scales[4];  // four bytes each: the low four bits of a nibble, two bits of the last word
    for (std::uint32_t i = 0; i < 4; ++i) {
      scales[i] = ((words[i % 2] >> (i / 2 * 4)) & 0x0f0f0f0fu) | (((words[2] >> (2 * i)) & 0x03030303u) << 4);
    }
    const __m128i sixteen = _mm_load_si128(reinterpret_cast<const __m128i*>(scales));
    state.scales.set(_mm_sub_epi8(sixteen, _mm_set1_epi8(32)));
    state.d = f16_at(state.block->d);
  }
  static void group(const State& state, std::size_t g, __m256i& even, __m256i& odd) noexcept {
    const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(g));
    const __m256i third =
        _mm256_and_si256(_mm256_srl_epi16(load_bytes32(state.block->high), shift), _mm256_set1_epi8(1));
    const __m256i codes = _mm256_or_si256(two_bit_codes(state.block->q, g), _mm256_slli_epi16(third, 2));
    const __m256i centred = _mm256_sub_epi8(codes, _mm256_set1_epi8(4)), scale = state.scales[g];
    even = _mm256_mullo_epi16(even_i8(centred), scale);
    odd = _mm256_mullo_epi16(odd_i8(centred), scale);
  }
};

inline __m256i look_up(const std::int8_t (&table)[16], __m256i codes) noexcept {
  const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), codes);
}

struct Int16Iq4Xs {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockIq4Xs), kMins = 0;
  static constexpr bool kIntegerScales = true;
  struct State {
    const BlockIq4Xs* block;
    WideScales scales;
    float d;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockIq4Xs*>(bytes);
    std::uint32_t low;
    __builtin_memcpy(&low, state.block->scales_low, sizeof low);
    const int high = state.block->scales_high[0] | state.block->scales_high[1] << 8;
    const __m256i fours = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
    const __m256i lower =
        _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(static_cast<int>(low)), fours), _mm256_set1_epi32(15));
    const __m256i upper =
        _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(high), _mm256_srli_epi32(fours, 1)), _mm256_set1_epi32(3));
    const __m256i six_bits = _mm256_or_si256(lower, _mm256_slli_epi32(upper, 4));
    const __m256i centred = _mm256_sub_epi32(six_bits, _mm256_set1_epi32(32));
    state.scales.set(_mm_packs_epi32(_mm256_castsi256_si128(centred), _mm256_extracti128_si256(centred, 1)));
    state.d = f16_at(state.block->d);
  }
  static void group(const State& state, std::size_t g, __m256i& even, __m256i& odd) noexcept {
    const __m256i values = look_up(kIq4Codebook, four_bit_codes(state.block->q + 16 * g)), scale = state.scales[g];
    even = _mm256_mullo_epi16(even_i8(values), scale);
    odd = _mm256_mullo_epi16(odd_i8(values), scale);
  }
};

struct Int16Tq2_0 {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockTq2_0), kMins = 0;
  static constexpr bool kIntegerScales = true;
  struct State {
    const BlockTq2_0* block;
    float d;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockTq2_0*>(bytes);
    state.d = f16_at(state.block->d);
  }
  static void group(const State& state, std::size_t g, __m256i& even, __m256i& odd) noexcept {
    const __m256i centred = _mm256_sub_epi8(two_bit_codes(state.block->q, g), _mm256_set1_epi8(1));
    even = even_i8(centred);
    odd = odd_i8(centred);
  }
};

}  // namespace
}  // namespace quern::kernels
