// The panel regime of the integer matrix product (see int16_matmul.hpp), and the choice between the two.
#pragma once

#include "kernels/cpu/x86/int16_matmul.hpp"

namespace quern::kernels {
namespace {

// Weights as integers of 16 bits: 24 x 512 take 26 KiB, beside 4 tokens of 512 in the L1.
struct Int16Panel {
  static constexpr std::size_t kRows = 24, kCols = 512, kTokens = 64;
  static constexpr std::size_t kBlocks = kCols / kInt16BlockValues, kGroups = kCols / 32;
  static constexpr std::size_t kStride = kCols + 16;  // rows of a power of two would share cache sets
  static constexpr std::size_t kTileRows = 3, kTileTokens = 3;

  alignas(64) std::int16_t w[kRows * kStride];
  alignas(32) float mins[kRows][kBlocks * 16];  // [row][block][kMins]
  float d[kRows][kGroups];                      // one per block (integer scales) or per group

  // Columns [k, k + n) of one row.
  template <class Format>
  void unpack(const std::byte* row, std::size_t k, std::size_t n, std::size_t r) noexcept {
    const std::byte* block = row + k / Format::kBlockValues * Format::kBlockBytes;
    auto* out = reinterpret_cast<__m256i*>(w + r * kStride);
    if constexpr (Format::kIntegerScales) {
      typename Format::State state;
      for (std::size_t b = 0; b < n / kInt16BlockValues; ++b, block += Format::kBlockBytes) {
        Format::open(block, state);
        d[r][b] = state.d;
        if constexpr (Format::kMins != 0) {
          for (std::size_t i = 0; i < Format::kMins / 8; ++i) {
            _mm256_store_ps(mins[r] + b * Format::kMins + 8 * i, state.mins[i]);
          }
        }
#pragma GCC unroll kInt16Unroll
        for (std::size_t g = 0; g < kInt16BlockValues / 32; ++g, out += 2) {
          __m256i even, odd;
          Format::group(state, g, even, odd);
          _mm256_store_si256(out, even);
          _mm256_store_si256(out + 1, odd);
        }
      }
    } else {
      for (std::size_t g = 0; g < kGroups; ++g) mins[r][g] = 0;
      for (std::size_t g = 0; g < n / 32; ++g, out += 2) {
        __m256i even, odd;
        const auto& block32 = reinterpret_cast<const typename Format::Block*>(block)[g];
        d[r][g] = Format::group(block32, even, odd, mins[r][g]);
        _mm256_store_si256(out, even);
        _mm256_store_si256(out + 1, odd);
      }
    }
  }
};

// Adds the products of the panel's rows [r, r + kRows) and n columns with kTokens tokens to sums[row][token].
template <class Dot, bool kIntegerScales, std::size_t kMins, std::size_t kRows, std::size_t kTokens>
void int16_tile(const Int16Panel& panel, std::size_t r0, const Int16Block* const* x, std::size_t block0, std::size_t n,
                __m256* sums) noexcept {
  for (std::size_t b = 0; b * kInt16BlockValues < n; ++b) {
    const std::size_t left = n - b * kInt16BlockValues;
    const std::size_t n_groups = left < kInt16BlockValues ? left / 32 : kInt16BlockValues / 32;
    const std::int16_t* w = panel.w + r0 * Int16Panel::kStride + b * kInt16BlockValues;
    const Int16Block* xb[kTokens];
    for (std::size_t t = 0; t < kTokens; ++t) xb[t] = x[t] + block0 + b;
    __m256i total[kRows][kTokens];
    __m256 scaled[kRows][kTokens];
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t t = 0; t < kTokens; ++t) {
        total[r][t] = _mm256_setzero_si256();
        scaled[r][t] = _mm256_setzero_ps();
      }
    }
    for (std::size_t g = 0; g < n_groups; ++g) {
      for (std::size_t half = 0; half < 32; half += 16) {
        const std::size_t k = 32 * g + half;
        __m256i weights[kRows];
        for (std::size_t r = 0; r < kRows; ++r) weights[r] = load_a(w + r * Int16Panel::kStride + k);
        for (std::size_t t = 0; t < kTokens; ++t) {
          const __m256i activations = load_a(xb[t]->a + k);
          for (std::size_t r = 0; r < kRows; ++r) total[r][t] = Dot::add(total[r][t], weights[r], activations);
        }
      }
      if constexpr (!kIntegerScales) {
        for (std::size_t r = 0; r < kRows; ++r) {
          const __m256 d = _mm256_set1_ps(panel.d[r0 + r][b * 8 + g]);
          for (std::size_t t = 0; t < kTokens; ++t) {
            scaled[r][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total[r][t]), d, scaled[r][t]);
            total[r][t] = _mm256_setzero_si256();
          }
        }
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t t = 0; t < kTokens; ++t) {
        __m256& sum = sums[r * Int16Panel::kTokens + t];
        if constexpr (kIntegerScales) {
          const __m256 scale = _mm256_set1_ps(panel.d[r0 + r][b] * xb[t]->scale);
          sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total[r][t]), scale, sum);
        } else {
          sum = _mm256_fmadd_ps(scaled[r][t], _mm256_set1_ps(xb[t]->scale), sum);
        }
        sum = subtract_mins<kMins>(panel.mins[r0 + r] + b * kMins, *xb[t], sum);
      }
    }
  }
}

using Int16TileFn = void (*)(const Int16Panel&, std::size_t, const Int16Block* const*, std::size_t, std::size_t,
                             __m256*) noexcept;

template <class Dot, class Format, std::size_t kRows, std::size_t kTokens = Int16Panel::kTileTokens>
Int16TileFn int16_tile_for(std::size_t n_tokens) noexcept {
  if constexpr (kTokens > 1) {
    if (n_tokens < kTokens) return int16_tile_for<Dot, Format, kRows, kTokens - 1>(n_tokens);
  }
  return &int16_tile<Dot, Format::kIntegerScales, Format::kMins, kRows, kTokens>;
}

// Rows [row, row + n_rows) of tokens [token, token + n_tokens); at most a panel's rows and tokens.
template <class Dot, class Format>
void int16_panel_product(const MatmulArgs& args, std::size_t row, std::size_t n_rows, std::size_t token,
                         std::size_t n_tokens) noexcept {
  using Panel = Int16Panel;
  Panel panel;
  __m256 sums[Panel::kRows * Panel::kTokens];
  const Int16Block* x[Panel::kTokens];
  for (std::size_t t = 0; t < n_tokens; ++t) x[t] = int16_row(args, token + t);
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (std::size_t t = 0; t < n_tokens; ++t) sums[r * Panel::kTokens + t] = _mm256_setzero_ps();
  }
  for (std::size_t k = 0; k < args.n_cols; k += Panel::kCols) {
    const std::size_t n = args.n_cols - k < Panel::kCols ? args.n_cols - k : Panel::kCols;
    for (std::size_t r = 0; r < n_rows; ++r) {
      panel.template unpack<Format>(args.w + (row + r) * args.row_bytes, k, n, r);
    }
    for (std::size_t t = 0; t < n_tokens; t += Panel::kTileTokens) {
      const std::size_t tokens = n_tokens - t < Panel::kTileTokens ? n_tokens - t : Panel::kTileTokens;
      const Int16TileFn tall = int16_tile_for<Dot, Format, Panel::kTileRows>(tokens);
      const Int16TileFn single = int16_tile_for<Dot, Format, 1>(tokens);
      std::size_t r = 0;
      for (; r + Panel::kTileRows <= n_rows; r += Panel::kTileRows) {
        tall(panel, r, x + t, k / kInt16BlockValues, n, sums + r * Panel::kTokens + t);
      }
      for (; r < n_rows; ++r) single(panel, r, x + t, k / kInt16BlockValues, n, sums + r * Panel::kTokens + t);
    }
  }
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (std::size_t t = 0; t < n_tokens; ++t) {
      args.y[(token + t) * args.y_stride + row + r] = sum_of_lanes(sums[r * Panel::kTokens + t]);
    }
  }
}

template <class Dot, class Format>
void int16_panels(const MatmulArgs& args) noexcept {
  using Panel = Int16Panel;
  for (std::size_t token = 0; token < args.n_tokens; token += Panel::kTokens) {
    const std::size_t n_tokens = args.n_tokens - token < Panel::kTokens ? args.n_tokens - token : Panel::kTokens;
    for (std::size_t row = args.row_begin; row < args.row_end; row += Panel::kRows) {
      const std::size_t n_rows = args.row_end - row < Panel::kRows ? args.row_end - row : Panel::kRows;
      int16_panel_product<Dot, Format>(args, row, n_rows, token, n_tokens);
    }
  }
}

template <class Dot, class Format>
void int16_matmul(const MatmulArgs& args) noexcept {
  switch (args.n_tokens) {
    case 0:
      return;
    case 1:
      return int16_fused<Dot, Format, 1>(args);
    case 2:
      return int16_fused<Dot, Format, 2>(args);
    case 3:
      return int16_fused<Dot, Format, 3>(args);
    case 4:
      return int16_fused<Dot, Format, 4>(args);
    default:
      return int16_panels<Dot, Format>(args);
  }
}

}  // namespace
}  // namespace quern::kernels
