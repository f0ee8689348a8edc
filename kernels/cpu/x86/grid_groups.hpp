// How the AVX2 and AVX-512 tiers decode the formats with codebooks of points (kernels/quant/iq_grids.hpp): four points
// of 8 or eight of 4 bytes are looked up for a group of 32 values, signs are applied to the bytes, and V widens them.
// See weight_groups.hpp for what a format is, and kernels/quant/<type>.hpp for the layouts. The scale of a sub-block is
// (code + 0.5) * d * F in all of them, with an F of the format's own.
#pragma once

#include "kernels/cpu/x86/common.hpp"
#include "kernels/quant/iq1_m.hpp"
#include "kernels/quant/iq1_s.hpp"
#include "kernels/quant/iq2_s.hpp"
#include "kernels/quant/iq2_xs.hpp"
#include "kernels/quant/iq2_xxs.hpp"
#include "kernels/quant/iq3_s.hpp"
#include "kernels/quant/iq3_xxs.hpp"
#include "kernels/quant/iq_grids.hpp"

namespace quern::kernels {
namespace {

template <class Int>
Int int_at(const void* p) noexcept {
  Int value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}

// The points index(0) .. index(3) one behind the other.
template <std::size_t kPoints, class Index>
__m256i points_of_8(const IqGrid<kPoints, 8>& grid, Index index) noexcept {
  const auto point = [&](unsigned l) { return int_at<long long>(grid.points[index(l)]); };
  return _mm256_set_epi64x(point(3), point(2), point(1), point(0));
}

// The points index(0) .. index(7).
template <std::size_t kPoints, class Index>
__m256i points_of_4(const IqGrid<kPoints, 4>& grid, Index index) noexcept {
  const auto point = [&](unsigned i) { return int_at<int>(grid.points[index(i)]); };
  return _mm256_set_epi32(point(7), point(6), point(5), point(4), point(3), point(2), point(1), point(0));
}

// Byte i is negated where bit i is set.
inline __m256i with_signs(__m256i bytes, std::uint32_t signs) noexcept {
  const __m256i which_byte = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                              2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i which_bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201u));
  const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(signs)), which_byte);
  const __m256i negative = _mm256_cmpeq_epi8(_mm256_and_si256(spread, which_bit), which_bit);
  return _mm256_sub_epi8(_mm256_xor_si256(bytes, negative), negative);
}

// Four times seven signs, one in each byte: the eighth is their parity. Bits that a shift brings in from the next byte
// stay above those that the last step keeps.
inline std::uint32_t with_parity(std::uint32_t sevens) noexcept {
  std::uint32_t folded = sevens ^ (sevens >> 4);
  folded ^= folded >> 2;
  folded ^= folded >> 1;
  return sevens | (folded & 0x01010101u) << 7;
}
// The same from the low 28 bits of a word.
inline std::uint32_t even_signs_of(std::uint32_t word) noexcept {
  return with_parity((word & 0x7fu) | (word << 1 & 0x7f00u) | (word << 2 & 0x7f0000u) | (word << 3 & 0x7f000000u));
}

template <class V>
void widen_and_scale(__m256i bytes, float scale, typename V::F* out) noexcept {
  V::widen_i8(bytes, out);
  for (std::size_t i = 0; i < 32 / V::kLanes; ++i) out[i] = V::mul(out[i], V::set1(scale));
}

// Eight codes as scales.
inline void store_scales(__m256i codes, float d, float* out) noexcept {
  const __m256 centred = _mm256_add_ps(_mm256_cvtepi32_ps(codes), _mm256_set1_ps(0.5f));
  _mm256_store_ps(out, _mm256_mul_ps(centred, _mm256_set1_ps(d)));
}

// The halves of eight bytes, low half first.
inline __m128i nibbles_of(std::uint64_t bytes) noexcept {
  const __m128i eight = _mm_cvtsi64_si128(static_cast<long long>(bytes));
  return _mm_and_si128(_mm_unpacklo_epi8(eight, _mm_srli_epi16(eight, 4)), _mm_set1_epi8(15));
}

// A format with one scale in each group of 32, found there; d is already multiplied by F.
template <class Block>
struct GroupScales {
  const Block* block;
  float d;

  void open(const std::byte* bytes, float factor) noexcept {
    block = reinterpret_cast<const Block*>(bytes);
    d = f16_at(block->d) * factor;
  }
  float of(std::uint32_t code) const noexcept { return d * (static_cast<float>(static_cast<int>(code)) + 0.5f); }
};

// A format with scales apart from the groups: multiplied out once per block.
template <class Block, std::size_t kScales>
struct BlockScales {
  alignas(32) float scale[kScales];
  const Block* block;
};

template <class V>
struct GroupsIq2Xxs {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockIq2Xxs);
  static constexpr bool kLongGroups = true;
  using State = GroupScales<BlockIq2Xxs>;
  static void open(const std::byte* block, State& state) noexcept { state.open(block, 0.25f); }
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const auto& sub = state.block->sub[g];
    const auto word = int_at<std::uint32_t>(sub.word);
    const __m256i points = points_of_8(kGridIq2Xxs, [&](unsigned l) { return sub.index[l]; });
    widen_and_scale<V>(with_signs(points, even_signs_of(word)), state.of(word >> 28), out);
  }
};

// What iq2_xs and iq2_s share: 16 scales of 4 bits.
template <class V, class Block>
struct GroupsIq2With16Scales {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(Block);
  static constexpr bool kLongGroups = true;
  using State = BlockScales<Block, 16>;
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const Block*>(bytes);
    const float d = f16_at(state.block->d) * 0.25f;
    const __m128i codes = nibbles_of(int_at<std::uint64_t>(state.block->scales));
    store_scales(_mm256_cvtepu8_epi32(codes), d, state.scale);
    store_scales(_mm256_cvtepu8_epi32(_mm_srli_si128(codes, 8)), d, state.scale + 8);
  }
  static void finish(const State& state, std::size_t g, __m256i values, typename V::F* out) noexcept {
    V::widen_i8(values, out);
    V::scale_halves(out, 0.0f, state.scale[2 * g], state.scale[2 * g + 1]);
  }
};

template <class V>
struct GroupsIq2Xs : GroupsIq2With16Scales<V, BlockIq2Xs> {
  using State = BlockScales<BlockIq2Xs, 16>;
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const auto words = int_at<std::uint64_t>(state.block->words[4 * g]);
    const auto word = [&](unsigned l) { return static_cast<std::uint32_t>(words >> (16 * l)) & 0xffffu; };
    const __m256i points = points_of_8(kGridIq2Xs, [&](unsigned l) { return word(l) & 511u; });
    const std::uint32_t sevens = word(0) >> 9 | word(1) >> 9 << 8 | word(2) >> 9 << 16 | word(3) >> 9 << 24;
    GroupsIq2Xs::finish(state, g, with_signs(points, with_parity(sevens)), out);
  }
};

template <class V>
struct GroupsIq2S : GroupsIq2With16Scales<V, BlockIq2S> {
  using State = BlockScales<BlockIq2S, 16>;
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const BlockIq2S& block = *state.block;
    const unsigned high = block.high[g];
    const __m256i points =
        points_of_8(kGridIq2S, [&](unsigned l) { return block.low[4 * g + l] | (high >> (2 * l) & 3u) << 8; });
    GroupsIq2S::finish(state, g, with_signs(points, int_at<std::uint32_t>(block.signs + 4 * g)), out);
  }
};

template <class V>
struct GroupsIq3Xxs {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockIq3Xxs);
  static constexpr bool kLongGroups = true;
  using State = GroupScales<BlockIq3Xxs>;
  static void open(const std::byte* block, State& state) noexcept { state.open(block, 0.5f); }
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const std::uint8_t* index = state.block->index + 8 * g;
    const auto word = int_at<std::uint32_t>(state.block->words[g]);
    const __m256i points = points_of_4(kGridIq3Xxs, [&](unsigned i) { return index[i]; });
    widen_and_scale<V>(with_signs(points, even_signs_of(word)), state.of(word >> 28), out);
  }
};

template <class V>
struct GroupsIq3S {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockIq3S);
  static constexpr bool kLongGroups = true;
  using State = BlockScales<BlockIq3S, 8>;
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockIq3S*>(bytes);
    const __m128i codes = nibbles_of(int_at<std::uint32_t>(state.block->scales));
    store_scales(_mm256_cvtepu8_epi32(codes), f16_at(state.block->d) * 2.0f, state.scale);
  }
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const BlockIq3S& block = *state.block;
    const unsigned high = block.high[g];
    const __m256i points =
        points_of_4(kGridIq3S, [&](unsigned i) { return block.low[8 * g + i] | (high >> i & 1u) << 8; });
    widen_and_scale<V>(with_signs(points, int_at<std::uint32_t>(block.signs + 4 * g)), state.scale[g], out);
  }
};

template <class V>
struct GroupsIq1S {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockIq1S);
  static constexpr bool kLongGroups = true;
  using State = GroupScales<BlockIq1S>;
  static void open(const std::byte* block, State& state) noexcept { state.open(block, 0.25f); }
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const BlockIq1S& block = *state.block;
    const unsigned word = int_at<std::uint16_t>(block.words[g]);
    const __m256i points =
        points_of_8(kGridIq1, [&](unsigned l) { return block.low[4 * g + l] | (word >> (3 * l) & 7u) << 8; });
    const __m256i shift = _mm256_set1_epi8((word & 0x8000u) != 0 ? -1 : 1);
    widen_and_scale<V>(_mm256_add_epi8(points, shift), state.of(word >> 12 & 7u), out);
  }
};

template <class V>
struct GroupsIq1M {
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(BlockIq1M);
  static constexpr bool kLongGroups = true;
  using State = BlockScales<BlockIq1M, 16>;
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockIq1M*>(bytes);
    const auto w = int_at<std::uint64_t>(state.block->words);
    const auto half = static_cast<int>((w >> 12 & 0xfu) | (w >> 24 & 0xf0u) | (w >> 36 & 0xf00u) | (w >> 48 & 0xf000u));
    const float d = _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half))) * 0.25f;
    store_scales(codes_of(static_cast<std::uint32_t>(w)), d, state.scale);
    store_scales(codes_of(static_cast<std::uint32_t>(w >> 32)), d, state.scale + 8);
  }
  static void group(const State& state, std::size_t g, typename V::F* out) noexcept {
    const unsigned high = int_at<std::uint16_t>(state.block->high + 2 * g);
    const std::uint8_t* low = state.block->low + 4 * g;
    const __m256i points = points_of_8(kGridIq1, [&](unsigned l) { return low[l] | (high >> (4 * l) & 7u) << 8; });
    // Bit 4 l + 3 is the sign of the shift of point l: to bit 8 l, then to all eight bits.
    const std::uint32_t negative =
        (high >> 3 & 1u) | (high << 1 & 0x100u) | (high << 5 & 0x10000u) | (high << 9 & 0x1000000u);
    const __m256i shifts = with_signs(_mm256_set1_epi8(1), negative * 0xffu);
    V::widen_i8(_mm256_add_epi8(points, shifts), out);
    V::scale_halves(out, 0.0f, state.scale[2 * g], state.scale[2 * g + 1]);
  }

 private:
  // The eight codes of 3 bits in two words of 16.
  static __m256i codes_of(std::uint32_t words) noexcept {
    const __m256i at = _mm256_setr_epi32(0, 3, 6, 9, 16, 19, 22, 25);
    return _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(static_cast<int>(words)), at), _mm256_set1_epi32(7));
  }
};

}  // namespace
}  // namespace quern::kernels
