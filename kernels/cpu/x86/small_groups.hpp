// Groups of the formats with one or two bits a value, and of nvfp4. See weight_groups.hpp for what a format is, and
// kernels/quant/<type>.hpp for the layouts.
#pragma once

#include "kernels/cpu/x86/grid_groups.hpp"
#include "kernels/cpu/x86/weight_groups.hpp"
#include "kernels/quant/e2m1_codebook.hpp"
#include "kernels/quant/nvfp4.hpp"
#include "kernels/quant/q1_0.hpp"
#include "kernels/quant/q2_0.hpp"
#include "kernels/quant/tq1_0.hpp"

namespace quern::kernels {
namespace {

// A format with one scale for the block.
template <class Block>
struct OneScale {
  const Block* block;
  float d;

  void open(const std::byte* bytes) noexcept {
    block = reinterpret_cast<const Block*>(bytes);
    d = f16_at(block->d);
  }
};

template <class V>
struct GroupsQ1_0 {
  static constexpr std::size_t kBlockValues = 128, kBlockBytes = sizeof(BlockQ1_0);
  using State = OneScale<BlockQ1_0>;
  static void open(const std::byte* bytes, State& state) noexcept { state.open(bytes); }
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const auto is_positive = int_at<std::uint32_t>(state.block->q + 4 * g);
    widen_and_scale<V>(with_signs(_mm256_set1_epi8(-1), is_positive), state.d, out);
  }
};

template <class V>
struct GroupsQ2_0 {
  static constexpr std::size_t kBlockValues = 64, kBlockBytes = sizeof(BlockQ2_0);
  using State = OneScale<BlockQ2_0>;
  static void open(const std::byte* bytes, State& state) noexcept { state.open(bytes); }
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const __m128i eight = _mm_cvtsi64_si128(int_at<long long>(state.block->q + 8 * g));
    // A byte in each 32 bits; code j is shifted from bit 2 j to bit 8 j.
    __m256i codes = _mm256_cvtepu8_epi32(eight);
    codes = _mm256_or_si256(codes, _mm256_slli_epi32(codes, 6));
    codes = _mm256_or_si256(codes, _mm256_slli_epi32(codes, 12));
    codes = _mm256_and_si256(codes, _mm256_set1_epi8(3));
    widen_and_scale<V>(_mm256_sub_epi8(codes, _mm256_set1_epi8(1)), state.d, out);
  }
};

template <class V>
struct GroupsTq1_0 {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockTq1_0);
  static constexpr bool kLongGroups = true;
  using State = OneScale<BlockTq1_0>;
  static void open(const std::byte* bytes, State& state) noexcept { state.open(bytes); }

  // Groups 0 to 4 are the digits of 32 bytes; 5 and 6 two digits each of the next 16, whose last digit shares group 7
  // with four digits of the last 4.
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    static constexpr short kPowersOf3[5] = {1, 3, 9, 27, 81};
    const BlockTq1_0& block = *state.block;
    const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.q + 32));
    __m256i bytes, powers;
    if (g < 5) {
      bytes = load_bytes32(block.q);
      powers = _mm256_set1_epi16(kPowersOf3[g]);
    } else if (g < 7) {
      bytes = _mm256_broadcastsi128_si256(sixteen);
      const std::size_t first = 2 * (g - 5);
      powers = _mm256_set_m128i(_mm_set1_epi16(kPowersOf3[first + 1]), _mm_set1_epi16(kPowersOf3[first]));
    } else {
      bytes = _mm256_set_m128i(_mm_set1_epi32(int_at<int>(block.last)), sixteen);
      powers = _mm256_set_m128i(_mm_setr_epi16(1, 1, 3, 3, 9, 9, 27, 27), _mm_set1_epi16(kPowersOf3[4]));
    }
    widen_and_scale<V>(_mm256_sub_epi8(digits(bytes, powers), _mm256_set1_epi8(1)), state.d, out);
  }

 private:
  // (byte * power mod 256) * 3 / 256 of each byte; a power for each pair of bytes.
  static __m256i digits(__m256i bytes, __m256i powers) noexcept {
    const __m256i low = _mm256_set1_epi16(255), three = _mm256_set1_epi16(3);
    const __m256i even = _mm256_and_si256(_mm256_mullo_epi16(bytes, powers), low);
    const __m256i odd = _mm256_and_si256(_mm256_mullo_epi16(_mm256_srli_epi16(bytes, 8), powers), low);
    const __m256i even_digits = _mm256_srli_epi16(_mm256_mullo_epi16(even, three), 8);
    const __m256i odd_digits = _mm256_andnot_si256(low, _mm256_mullo_epi16(odd, three));
    return _mm256_or_si256(even_digits, odd_digits);
  }
};

template <class V>
struct GroupsNvfp4 {
  static constexpr std::size_t kBlockValues = 64, kBlockBytes = sizeof(BlockNvfp4);
  struct State {
    const BlockNvfp4* block;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockNvfp4*>(bytes);
  }
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.block->q + 16 * g));
    const __m128i low4 = _mm_set1_epi8(15);
    const __m128i low = _mm_and_si128(pairs, low4), high = _mm_and_si128(_mm_srli_epi16(pairs, 4), low4);
    const __m256i codes = _mm256_set_m128i(_mm_unpackhi_epi64(low, high), _mm_unpacklo_epi64(low, high));
    const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kDoubledE2M1));
    V::widen_i8(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), codes), out);
    V::scale_halves(out, 0.0f, half_of_e4m3(state.block->scales[2 * g]), half_of_e4m3(state.block->scales[2 * g + 1]));
  }

 private:
  // Half of the scale, because the codebook holds doubled values.
  static float half_of_e4m3(std::uint8_t code) noexcept {
    if (code == 0 || code == 127) return 0.0f;
    const std::uint32_t exponent = code >> 3 & 15u, mantissa = code & 7u;
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
    const std::uint32_t bits = (exponent + 127 - 8) << 23 | mantissa << 20;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
  }
};

}  // namespace
}  // namespace quern::kernels
