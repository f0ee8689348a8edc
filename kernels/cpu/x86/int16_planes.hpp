// One token times weights whose codes are unsigned bytes: a regime of int16_matmul.hpp. Activations are taken
// apart into two planes of bytes, so that codes are multiplied as they are (vpmaddubsw, 32 at once) and scaled when the
// sums of pairs are widened anyway: 17 instructions for 64 weights, where widening the weights takes 21.
// Lane i of a sum holds values 4 i .. 4 i + 3 of each group in every regime, and the sums are exact: bit-equal.
#pragma once

#include "kernels/cpu/x86/int16_formats.hpp"
#include "kernels/cpu/x86/int16_matmul.hpp"

namespace quern::kernels {
namespace {

// value = 128 * high + low with -128 <= high <= 127, 0 <= low <= 127; values in their own order.
struct BytePlanes {
  alignas(32) std::int8_t high[kInt16BlockValues];
  alignas(32) std::int8_t low[kInt16BlockValues];
};

// A block, whose groups hold 16 even and 16 odd values of 16 bits each, to bytes in order.
inline void split_planes(const Int16Block& from, BytePlanes& to) noexcept {
  const __m256i low7 = _mm256_set1_epi16(127), low8 = _mm256_set1_epi16(255);
  for (std::size_t g = 0; g < kInt16BlockValues / 32; ++g) {
    const __m256i even = load_a(from.a + 32 * g), odd = load_a(from.a + 32 * g + 16);
    const __m256i high_even = _mm256_and_si256(_mm256_srai_epi16(even, 7), low8);
    const __m256i high_odd = _mm256_slli_epi16(_mm256_srai_epi16(odd, 7), 8);
    const __m256i low_odd = _mm256_slli_epi16(_mm256_and_si256(odd, low7), 8);
    _mm256_store_si256(reinterpret_cast<__m256i*>(to.high + 32 * g), _mm256_or_si256(high_even, high_odd));
    _mm256_store_si256(reinterpret_cast<__m256i*>(to.low + 32 * g),
                       _mm256_or_si256(_mm256_and_si256(even, low7), low_odd));
  }
}

inline __m256i load_plane(const std::int8_t* bytes) noexcept {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
}

// sums[r] += the products of one block of 256 values of kRows rows.
template <class Dot, class Format, std::size_t kRows>
void add_planes_block(const std::byte* const (&w)[kRows], const Int16Block& x, const BytePlanes& planes,
                      __m256 (&sums)[kRows]) noexcept {
  for (std::size_t r = 0; r < kRows; ++r) {
    typename Format::State state;
    Format::open(w[r], state);
    __m256i high = _mm256_setzero_si256(), low = _mm256_setzero_si256();
#pragma GCC unroll kInt16Unroll
    for (std::size_t g = 0; g < kInt16BlockValues / 32; ++g) {
      const __m256i codes = codes_of(*state.block, g), scale = state.scales[g];
      const __m256i high_pairs = _mm256_maddubs_epi16(codes, load_plane(planes.high + 32 * g));
      const __m256i low_pairs = _mm256_maddubs_epi16(codes, load_plane(planes.low + 32 * g));
      high = Dot::add(high, high_pairs, scale);
      low = Dot::add(low, low_pairs, scale);
    }
    const __m256i total = _mm256_add_epi32(_mm256_slli_epi32(high, 7), low);
    const __m256 scale = _mm256_set1_ps(state.d * x.scale);
    alignas(32) float mins[Format::kMins];
    _mm256_store_ps(mins, state.mins[0]);
    sums[r] = subtract_mins<Format::kMins>(mins, x, _mm256_fmadd_ps(_mm256_cvtepi32_ps(total), scale, sums[r]));
  }
}

// Rows row, row + stride, .. of one token.
template <class Dot, class Format, std::size_t kRows>
void planes_rows(const MatmulArgs& args, const BytePlanes* planes, std::size_t row, std::size_t stride) noexcept {
  const std::byte* w[kRows];
  __m256 sums[kRows];
  for (std::size_t r = 0; r < kRows; ++r) {
    w[r] = args.w + (row + r * stride) * args.row_bytes;
    sums[r] = _mm256_setzero_ps();
  }
  const Int16Block* x = int16_row(args, 0);
  for (std::size_t k = 0; k < args.n_cols; k += kInt16BlockValues, ++x, ++planes) {
    add_planes_block<Dot, Format>(w, *x, *planes, sums);
    for (std::size_t r = 0; r < kRows; ++r) w[r] += Format::kBlockBytes;
  }
  for (std::size_t r = 0; r < kRows; ++r) args.y[row + r * stride] = sum_of_lanes(sums[r]);
}

// Longer rows are left to the other regimes.
inline constexpr std::size_t kPlanesColsMax = 16384;

// REQUIRES: one token, n_cols <= kPlanesColsMax.
template <class Dot, class Format>
void int16_planes(const MatmulArgs& args) noexcept {
  BytePlanes planes[kPlanesColsMax / kInt16BlockValues];
  const Int16Block* x = int16_row(args, 0);
  for (std::size_t b = 0; b < args.n_cols / kInt16BlockValues; ++b) split_planes(x[b], planes[b]);
  const auto four = [&](std::size_t row, std::size_t stride) {
    planes_rows<Dot, Format, 4>(args, planes, row, stride);
  };
  const auto alone = [&](std::size_t row) { planes_rows<Dot, Format, 1>(args, planes, row, 1); };
  for_row_streams<4>(args.row_begin, args.row_end, four, alone);
}

}  // namespace
}  // namespace quern::kernels
