// Matrix product y = W x in integers: weights of 16 bits times activations of 16 bits, summed in int32 lanes over a
// block of 256 values (or a group of 32, where each has a float scale), then scaled into one float vector per output.
// Dot adds the products of two vectors of 16-bit pairs: vpmaddwd and vpaddd, or one vpdpwssd.
//   fused (up to kInt16FusedTokens): weights are widened in registers and used at once for up to four tokens; streams
//   the weights, as decode wants. panel (more tokens, int16_panel.hpp): a block of weights is widened into a scratch
//   and used for many tokens.
//   planes (one token, codes that are unsigned bytes, int16_planes.hpp): the fused regime with fewer instructions.
// Twice the multiply-adds per cycle of F32 (AMD Zen 3: 2 vpmaddwd of 16 beside 2 vpaddd; FMA: 2 of 8).
// Integer sums are exact, and each float step is the same in all regimes: results are bit-equal for every batch size
// and every split of the rows. Weights may have any alignment.
#pragma once

#include "kernels/cpu/simd/row_streams.hpp"
#include "kernels/cpu/x86/int16_activations.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

// add and add_in_place do the same; which is faster depends on what stands around it.
struct DotAvx2 {
  static constexpr Peak kPeak = Peak::int16_madd_256;
  static __m256i multiply(__m256i a, __m256i b) noexcept { return _mm256_madd_epi16(a, b); }
  static __m256i add(__m256i sum, __m256i a, __m256i b) noexcept {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
    // The sum is finished here: g++ would gather products first and need more registers than there are.
    __asm__ volatile("" : "+x"(sum));
    return sum;
  }
  // In place: from intrinsics, g++ copies each of a tile's nine sums from register to register.
  static __m256i add_in_place(__m256i sum, __m256i a, __m256i b) noexcept {
    __m256i products;
    __asm__("vpmaddwd %[b], %[a], %[products]\n\tvpaddd %[products], %[sum], %[sum]"
            : [sum] "+x"(sum), [products] "=&x"(products)
            : [a] "x"(a), [b] "x"(b));
    return sum;
  }
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kInt16Unroll = 1;  // unrolled and sanitized code takes minutes to compile
#else
inline constexpr int kInt16Unroll = 16;
#endif

inline const Int16Block* int16_row(const MatmulArgs& args, std::size_t token) noexcept {
  return reinterpret_cast<const Int16Block*>(args.x + token * args.x_row_bytes);
}
inline __m256i load_a(const std::int16_t* a) noexcept {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(a));
}
inline float sum_of_lanes(__m256 v) noexcept {
  return sum4(add_halves(v));
}

// sum -= mins * sums of activations.
template <std::size_t kMins>
__m256 subtract_mins(const float* mins, const Int16Block& x, __m256 sum) noexcept {
  if constexpr (kMins == 8) sum = _mm256_fnmadd_ps(_mm256_load_ps(mins), _mm256_load_ps(x.sum32), sum);
  if constexpr (kMins == 16) {
    sum = _mm256_fnmadd_ps(_mm256_load_ps(mins), _mm256_load_ps(x.sum16), sum);
    sum = _mm256_fnmadd_ps(_mm256_load_ps(mins + 8), _mm256_load_ps(x.sum16 + 8), sum);
  }
  return sum;
}

// Far enough for memory to answer while some blocks of a row are used.
inline void prefetch_ahead(const std::byte* w, std::size_t n_bytes) noexcept {
  constexpr std::size_t kAhead = 1152;
  for (std::size_t at = 0; at < n_bytes; at += 64) __builtin_prefetch(w + kAhead + at);
}

// ---- fused ----------------------------------------------------------------------------------------------------------

template <class Dot, class Format, std::size_t kRows, std::size_t kTokens>
struct Int16Fused {
  __m256 sums[kRows][kTokens];
  const Int16Block* x[kTokens];

  void add_integer_block(const std::byte* const (&w)[kRows]) noexcept {
    typename Format::State state[kRows];
    __m256i total[kRows][kTokens];
    for (std::size_t r = 0; r < kRows; ++r) {
      Format::open(w[r], state[r]);
      for (std::size_t t = 0; t < kTokens; ++t) total[r][t] = _mm256_setzero_si256();
    }
#pragma GCC unroll kInt16Unroll
    for (std::size_t g = 0; g < kInt16BlockValues / 32; ++g) {
#pragma GCC unroll kInt16Unroll
      for (std::size_t r = 0; r < kRows; ++r) {
        __m256i even, odd;
        Format::group(state[r], g, even, odd);
        for (std::size_t t = 0; t < kTokens; ++t) {
          total[r][t] = Dot::add(total[r][t], even, load_a(x[t]->a + 32 * g));
          total[r][t] = Dot::add(total[r][t], odd, load_a(x[t]->a + 32 * g + 16));
        }
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t t = 0; t < kTokens; ++t) {
        const __m256 scale = _mm256_set1_ps(state[r].d * x[t]->scale);
        sums[r][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total[r][t]), scale, sums[r][t]);
        if constexpr (Format::kMins != 0) {
          alignas(32) float mins[Format::kMins];
          for (std::size_t i = 0; i < Format::kMins / 8; ++i) _mm256_store_ps(mins + 8 * i, state[r].mins[i]);
          sums[r][t] = subtract_mins<Format::kMins>(mins, *x[t], sums[r][t]);
        }
      }
    }
  }

  // n_groups blocks of 32 values, at most 8.
  void add_float_blocks(const std::byte* const (&w)[kRows], std::size_t n_groups) noexcept {
    __m256 scaled[kRows][kTokens];
    alignas(32) float mins[kRows][8] = {};
    for (auto& row : scaled) {
      for (__m256& value : row) value = _mm256_setzero_ps();
    }
    const auto add_group = [&](std::size_t g) {
#pragma GCC unroll kInt16Unroll
      for (std::size_t r = 0; r < kRows; ++r) {
        __m256i even, odd;
        const auto& block = reinterpret_cast<const typename Format::Block*>(w[r])[g];
        const __m256 d = _mm256_set1_ps(Format::group(block, even, odd, mins[r][g]));
        for (std::size_t t = 0; t < kTokens; ++t) {
          __m256i total = Dot::multiply(even, load_a(x[t]->a + 32 * g));
          total = Dot::add(total, odd, load_a(x[t]->a + 32 * g + 16));
          scaled[r][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total), d, scaled[r][t]);
        }
      }
    };
    if (n_groups == 8) {
#pragma GCC unroll kInt16Unroll
      for (std::size_t g = 0; g < 8; ++g) add_group(g);
    } else {
      for (std::size_t g = 0; g < n_groups; ++g) add_group(g);
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t t = 0; t < kTokens; ++t) {
        sums[r][t] = _mm256_fmadd_ps(scaled[r][t], _mm256_set1_ps(x[t]->scale), sums[r][t]);
        sums[r][t] = subtract_mins<Format::kMins>(mins[r], *x[t], sums[r][t]);
      }
    }
  }

  // Rows row, row + stride, .. of tokens [token, token + kTokens).
  void run(const MatmulArgs& args, std::size_t row, std::size_t stride, std::size_t token) noexcept {
    constexpr std::size_t kBytes = kInt16BlockValues / Format::kBlockValues * Format::kBlockBytes;  // of 256 values
    const std::byte* w[kRows];
    for (std::size_t r = 0; r < kRows; ++r) w[r] = args.w + (row + r * stride) * args.row_bytes;
    for (std::size_t t = 0; t < kTokens; ++t) x[t] = int16_row(args, token + t);
    for (auto& row_sums : sums) {
      for (__m256& sum : row_sums) sum = _mm256_setzero_ps();
    }
    for (std::size_t k = 0; k < args.n_cols; k += kInt16BlockValues) {
      if (kTokens > 1 && token == 0) {  // later tokens find the weights in the L1
        for (std::size_t r = 0; r < kRows; ++r) prefetch_ahead(w[r], kBytes);
      }
      if constexpr (Format::kIntegerScales) {
        add_integer_block(w);
      } else {
        const std::size_t n = args.n_cols - k < kInt16BlockValues ? args.n_cols - k : kInt16BlockValues;
        add_float_blocks(w, n / 32);
      }
      for (std::size_t r = 0; r < kRows; ++r) w[r] += kBytes;
      for (std::size_t t = 0; t < kTokens; ++t) ++x[t];
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t t = 0; t < kTokens; ++t)
        args.y[(token + t) * args.y_stride + row + r * stride] = sum_of_lanes(sums[r][t]);
    }
  }
};

// kRows rows, all tokens: four at a time, and rather three and two or three and three than a single one, since decoding
// the weights costs as much for one token as for four.
template <class Dot, class Format, std::size_t kRows>
void int16_fused_rows(const MatmulArgs& args, std::size_t row, std::size_t stride) noexcept {
  std::size_t t = 0;
  for (std::size_t left = args.n_tokens; left >= 4; left = args.n_tokens - t) {
    if (left == 5 || left == 6) {
      Int16Fused<Dot, Format, kRows, 3>{}.run(args, row, stride, t);
      t += 3;
    } else {
      Int16Fused<Dot, Format, kRows, 4>{}.run(args, row, stride, t);
      t += 4;
    }
  }
  switch (args.n_tokens - t) {
    case 1:
      return Int16Fused<Dot, Format, kRows, 1>{}.run(args, row, stride, t);
    case 2:
      return Int16Fused<Dot, Format, kRows, 2>{}.run(args, row, stride, t);
    case 3:
      return Int16Fused<Dot, Format, kRows, 3>{}.run(args, row, stride, t);
    default:
      return;
  }
}

// Up to here the weights stay in the L1 while all tokens use them; beyond, unpacking them once into a panel pays: share
// of the int16 roof on an EPYC (Zen 3), Q4_K from memory, fused and panel: 4 tokens 54 and 33%, 12: 54 and 50%, 20: 54
// and 55%, 24: 54 and 58%, 33: 56 and 60% (docs/PERFORMANCE.md).
inline constexpr std::size_t kInt16FusedTokens = 20;

template <class Dot, class Format>
void int16_fused(const MatmulArgs& args) noexcept {
  const auto alone = [&](std::size_t row) { int16_fused_rows<Dot, Format, 1>(args, row, 1); };
  if (args.n_tokens == 1) {
    const auto four = [&](std::size_t row, std::size_t stride) {
      Int16Fused<Dot, Format, 4, 1>{}.run(args, row, stride, 0);
    };
    for_row_streams<4>(args.row_begin, args.row_end, four, alone);
  } else {
    const auto two = [&](std::size_t row, std::size_t stride) { int16_fused_rows<Dot, Format, 2>(args, row, stride); };
    for_row_streams<2>(args.row_begin, args.row_end, two, alone);
  }
}

}  // namespace
}  // namespace quern::kernels
