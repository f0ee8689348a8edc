// Any format of the integer products (x86/int16_formats.hpp, int16_formats32.hpp) as groups of floats, in order of k.
#pragma once

#include "kernels/cpu/avx512/vec.hpp"
#include "kernels/cpu/x86/int16_formats32.hpp"

namespace quern::kernels {
namespace {

// 16 even and 16 odd values to d * value.
inline void interleave_and_scale(__m256i even, __m256i odd, float d, __m512* out) noexcept {
  const __m256i low = _mm256_unpacklo_epi16(even, odd), high = _mm256_unpackhi_epi16(even, odd);
  const __m512 scale = Vec::set1(d);
  const auto widen = [](__m256i values) { return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(values)); };
  out[0] = Vec::mul(widen(_mm256_permute2x128_si256(low, high, 0x20)), scale);
  out[1] = Vec::mul(widen(_mm256_permute2x128_si256(low, high, 0x31)), scale);
}

template <class Format>
struct IntegerGroups {
  static constexpr std::size_t kBlockValues = Format::kBlockValues, kBlockBytes = Format::kBlockBytes;
  struct State {
    typename Format::State block;
    alignas(32) float mins[16];
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    Format::open(bytes, state.block);
    if constexpr (Format::kMins > 0) {
      for (std::size_t i = 0; i < Format::kMins / 8; ++i) _mm256_store_ps(state.mins + 8 * i, state.block.mins[i]);
    }
  }
  static void group(const State& state, std::size_t g, __m512* out) noexcept {
    __m256i even, odd;
    Format::group(state.block, g, even, odd);
    interleave_and_scale(even, odd, state.block.d, out);
    if constexpr (Format::kMins > 0) {
      constexpr std::size_t kPerGroup = Format::kMins / 8;
      out[0] = Vec::sub(out[0], Vec::set1(state.mins[kPerGroup * g]));
      out[1] = Vec::sub(out[1], Vec::set1(state.mins[kPerGroup * g + kPerGroup - 1]));
    }
  }
};

template <class Format>
struct IntegerGroups32 {
  static constexpr std::size_t kBlockValues = 32, kBlockBytes = Format::kBlockBytes;
  struct State {
    const typename Format::Block* block;
  };
  static void open(const std::byte* bytes, State& state) noexcept {
    state.block = reinterpret_cast<const typename Format::Block*>(bytes);
  }
  static void group(const State& state, std::size_t, __m512* out) noexcept {
    __m256i even, odd;
    float min = 0;
    const float d = Format::group(*state.block, even, odd, min);
    interleave_and_scale(even, odd, d, out);
    if constexpr (Format::kMins > 0) {
      out[0] = Vec::sub(out[0], Vec::set1(min));
      out[1] = Vec::sub(out[1], Vec::set1(min));
    }
  }
};

}  // namespace
}  // namespace quern::kernels
