// The commonest quantized types as groups of floats (see x86/weight_groups.hpp), for kernels that convert them to bf16
// or to integers of 15 bits.
#pragma once

#include "kernels/cpu/x86/weight_groups.hpp"
#include "kernels/quant/q4_0.hpp"
#include "kernels/quant/q4_k.hpp"
#include "kernels/quant/q5_k.hpp"
#include "kernels/quant/q6_k.hpp"
#include "kernels/quant/q8_0.hpp"

namespace quern::kernels {
namespace {

template <class V>
struct GroupsQ8_0 {
  using F = typename V::F;
  static constexpr std::size_t kBlockValues = 32, kBlockBytes = sizeof(BlockQ8_0);
  struct State {
    const BlockQ8_0* block;
  };
  static void open(const std::byte* block, State& state) noexcept {
    state.block = reinterpret_cast<const BlockQ8_0*>(block);
  }
  static void group(const State& state, std::size_t, F* out) noexcept {
    const F d = V::set1(f16_at(state.block->d));
    V::widen_i8(load32(state.block->q), out);
    for (std::size_t i = 0; i < kGroupValues / V::kLanes; ++i) out[i] = V::mul(out[i], d);
  }
};

template <class V>
struct GroupsQ4_0 {
  using F = typename V::F;
  static constexpr std::size_t kBlockValues = 32, kBlockBytes = sizeof(BlockQ4_0);
  struct State {
    const BlockQ4_0* block;
  };
  static void open(const std::byte* block, State& state) noexcept {
    state.block = reinterpret_cast<const BlockQ4_0*>(block);
  }
  static void group(const State& state, std::size_t, F* out) noexcept {
    const F d = V::set1(f16_at(state.block->d));
    const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.block->q));
    const __m256i both = _mm256_set_m128i(_mm_srli_epi16(pairs, 4), pairs);
    V::widen_u8(_mm256_and_si256(both, _mm256_set1_epi8(15)), out);
    const F offset = V::mul(d, V::set1(8.0f));
    for (std::size_t i = 0; i < kGroupValues / V::kLanes; ++i) out[i] = V::fmsub(out[i], d, offset);
  }
};

// What q4_k and q5_k share: eight scales and mins as floats, multiplied out once per block.
struct ScalesAndMins {
  alignas(32) float scale[8], min[8];

  // packed: the 12 bytes described in kernels/quant/kquant_scales.hpp, taken four fields at a time.
  void decode(const std::uint8_t* packed, float d, float dmin) noexcept {
    std::uint32_t words[3];
    __builtin_memcpy(words, packed, sizeof words);
    const std::uint32_t scales0 = words[0] & 0x3f3f3f3fu, mins0 = words[1] & 0x3f3f3f3fu;
    const std::uint32_t scales4 = (words[2] & 0x0f0f0f0fu) | ((words[0] >> 2) & 0x30303030u);
    const std::uint32_t mins4 = ((words[2] >> 4) & 0x0f0f0f0fu) | ((words[1] >> 2) & 0x30303030u);
    const std::uint64_t scales = scales0 | (std::uint64_t{scales4} << 32);
    const std::uint64_t mins = mins0 | (std::uint64_t{mins4} << 32);
    _mm256_store_ps(scale, _mm256_mul_ps(widen8(scales), _mm256_set1_ps(d)));
    _mm256_store_ps(min, _mm256_mul_ps(widen8(mins), _mm256_set1_ps(dmin)));
  }

 private:
  static __m256 widen8(std::uint64_t bytes) noexcept {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(bytes))));
  }
};

template <class V>
struct GroupsQ4K {
  using F = typename V::F;
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockQ4K);
  struct State {
    ScalesAndMins sub;
    const std::uint8_t* q;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    const auto* block = reinterpret_cast<const BlockQ4K*>(bytes);
    state.sub.decode(block->scales, f16_at(block->d), f16_at(block->dmin));
    state.q = block->q;
  }
  static void group(const State& state, std::size_t g, F* out) noexcept {
    __m256i codes = load32(state.q + g / 2 * 32);
    if (g % 2 != 0) codes = _mm256_srli_epi16(codes, 4);
    V::widen_u8(_mm256_and_si256(codes, _mm256_set1_epi8(15)), out);
    const F scale = V::set1(state.sub.scale[g]), min = V::set1(state.sub.min[g]);
    for (std::size_t i = 0; i < kGroupValues / V::kLanes; ++i) out[i] = V::fmsub(out[i], scale, min);
  }
};

template <class V>
struct GroupsQ5K {
  using F = typename V::F;
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockQ5K);
  struct State {
    ScalesAndMins sub;
    const BlockQ5K* block;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockQ5K*>(bytes);
    state.sub.decode(state.block->scales, f16_at(state.block->d), f16_at(state.block->dmin));
  }
  static void group(const State& state, std::size_t g, F* out) noexcept {
    __m256i codes = load32(state.block->q + g / 2 * 32);
    if (g % 2 != 0) codes = _mm256_srli_epi16(codes, 4);
    codes = _mm256_and_si256(codes, _mm256_set1_epi8(15));
    const __m256i fifth = _mm256_set1_epi8(static_cast<char>(1u << g));
    const __m256i is_set = _mm256_cmpeq_epi8(_mm256_and_si256(load32(state.block->high), fifth), fifth);
    codes = _mm256_or_si256(codes, _mm256_and_si256(is_set, _mm256_set1_epi8(16)));
    V::widen_u8(codes, out);
    const F scale = V::set1(state.sub.scale[g]), min = V::set1(state.sub.min[g]);
    for (std::size_t i = 0; i < kGroupValues / V::kLanes; ++i) out[i] = V::fmsub(out[i], scale, min);
  }
};

template <class V>
struct GroupsQ6K {
  using F = typename V::F;
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockQ6K);
  struct State {
    alignas(32) float scale[16];
    const BlockQ6K* block;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockQ6K*>(bytes);
    const __m256 d = _mm256_set1_ps(f16_at(state.block->d));
    const __m128i scales = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.block->scales));
    const __m128i upper = _mm_unpackhi_epi64(scales, scales);
    _mm256_store_ps(state.scale, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(scales)), d));
    _mm256_store_ps(state.scale + 8, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(upper)), d));
  }
  static void group(const State& state, std::size_t g, F* out) noexcept {
    const std::size_t half = g / 4, quarter = g % 4;
    __m256i low = load32(state.block->low + 64 * half + 32 * (quarter % 2));
    if (quarter >= 2) low = _mm256_srli_epi16(low, 4);
    const __m256i packed = load32(state.block->high + 32 * half);
    const __m256i high = quarter == 0   ? _mm256_slli_epi16(packed, 4)
                         : quarter == 1 ? _mm256_slli_epi16(packed, 2)
                         : quarter == 2 ? packed
                                        : _mm256_srli_epi16(packed, 2);
    const __m256i codes =
        _mm256_or_si256(_mm256_and_si256(low, _mm256_set1_epi8(15)), _mm256_and_si256(high, _mm256_set1_epi8(0x30)));
    V::widen_u8(codes, out);
    V::scale_halves(out, 32.0f, state.scale[2 * g], state.scale[2 * g + 1]);
  }
};

}  // namespace
}  // namespace quern::kernels
