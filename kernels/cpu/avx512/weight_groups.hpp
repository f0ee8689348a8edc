// The commonest quantized types as groups of floats (see x86/weight_groups.hpp), for kernels that convert them to bf16
// or to integers of 15 bits.
#pragma once

#include "kernels/cpu/x86/codes.hpp"
#include "kernels/cpu/x86/weight_groups.hpp"
#include "kernels/quant/q4_0.hpp"
#include "kernels/quant/q8_0.hpp"

namespace quern::kernels {
namespace {

// Formats whose 32 values are one block.
template <class V, class BlockType>
struct GroupsOneBlock {
  using F = typename V::F;
  static constexpr std::size_t kBlockValues = 32, kBlockBytes = sizeof(BlockType);
  struct State {
    const BlockType* block;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const BlockType*>(bytes);
  }
};

template <class V>
struct GroupsQ8_0 : GroupsOneBlock<V, BlockQ8_0> {
  using F = typename V::F;
  static void group(const typename GroupsQ8_0::State& state, std::size_t, F* out) noexcept {
    const F d = V::set1(f16_at(state.block->d));
    V::widen_i8(load_bytes32(state.block->q), out);
    for (std::size_t i = 0; i < kGroupValues / V::kLanes; ++i) out[i] = V::mul(out[i], d);
  }
};

template <class V>
struct GroupsQ4_0 : GroupsOneBlock<V, BlockQ4_0> {
  using F = typename V::F;
  static void group(const typename GroupsQ4_0::State& state, std::size_t, F* out) noexcept {
    const F d = V::set1(f16_at(state.block->d)), offset = V::mul(d, V::set1(8.0f));
    V::widen_u8(four_bit_codes(state.block->q), out);
    for (std::size_t i = 0; i < kGroupValues / V::kLanes; ++i) out[i] = V::fmsub(out[i], d, offset);
  }
};

// The scales and mins of q4_k and q5_k as floats, multiplied out once per block.
struct ScalesAndMins {
  alignas(32) float scale[8], min[8];

  template <class Block>
  void decode(const Block& block) noexcept {
    const SixBitScales sub(block);
    _mm256_store_ps(scale, sub.scales());
    _mm256_store_ps(min, sub.mins);
  }
};

template <class V, class Block>
struct GroupsSixBit {
  using F = typename V::F;
  static constexpr std::size_t kBlockValues = 256, kBlockBytes = sizeof(Block);
  struct State {
    ScalesAndMins sub;
    const Block* block;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const Block*>(bytes);
    state.sub.decode(*state.block);
  }
  static void group(const State& state, std::size_t g, F* out) noexcept {
    V::widen_u8(codes_of(*state.block, g), out);
    const F scale = V::set1(state.sub.scale[g]), min = V::set1(state.sub.min[g]);
    for (std::size_t i = 0; i < kGroupValues / V::kLanes; ++i) out[i] = V::fmsub(out[i], scale, min);
  }
};
template <class V>
using GroupsQ4K = GroupsSixBit<V, BlockQ4K>;
template <class V>
using GroupsQ5K = GroupsSixBit<V, BlockQ5K>;

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
    V::widen_u8(codes_of(*state.block, g), out);
    V::scale_halves(out, 32.0f, state.scale[2 * g], state.scale[2 * g + 1]);
  }
};

}  // namespace
}  // namespace quern::kernels
