// The panel regime of the integer matrix product (see int16_matmul.hpp), and the choice between the two.
#pragma once

#include "kernels/cpu/x86/int16_matmul.hpp"

namespace quern::kernels {
namespace {

// Weights as integers of 16 bits: 24 x 512 take 26 KiB, beside 4 tokens of 512 in the L1.
struct Int16Panel {
  static constexpr std::size_t kRows = 24, kCols = 512, kTokens = 66;
  static constexpr std::size_t kBlocks = kCols / kInt16BlockValues, kGroups = kCols / 32;
  static constexpr std::size_t kStride = kCols + 16;  // rows of a power of two would share cache sets

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

// Adds the products of rows [r0, r0 + kRows) and one block of columns of the panel (the b-th, n columns used) with
// kTokens tokens to sums[row][token].
template <class Dot, bool kIntegerScales, std::size_t kMins, std::size_t kRows, std::size_t kTokens>
void int16_tile(const Int16Panel& panel, std::size_t r0, std::size_t b, std::size_t n, const Int16Block* const* x,
                std::size_t x_block, __m256* sums) noexcept {
  const std::int16_t* w = panel.w + r0 * Int16Panel::kStride + b * kInt16BlockValues;
  const auto at = [w](std::size_t r, std::size_t k) { return load_a(w + r * Int16Panel::kStride + k); };
  const Int16Block* xb[kTokens];
  for (std::size_t t = 0; t < kTokens; ++t) xb[t] = x[t] + x_block;
  __m256 block_sums[kRows][kTokens];  // in units of the activations' scale, and of d where that is the block's
  if constexpr (kIntegerScales) {
    __m256i total[kRows][kTokens];
    for (auto& row : total) {
      for (__m256i& value : row) value = _mm256_setzero_si256();
    }
#pragma GCC unroll kInt16Unroll
    for (std::size_t k = 0; k < kInt16BlockValues; k += 16) {
      __m256i weights[kRows];
      for (std::size_t r = 0; r < kRows; ++r) weights[r] = at(r, k);
      for (std::size_t t = 0; t < kTokens; ++t) {
        const __m256i activations = load_a(xb[t]->a + k);
        for (std::size_t r = 0; r < kRows; ++r) Dot::add_to(total[r][t], weights[r], activations);
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t t = 0; t < kTokens; ++t) block_sums[r][t] = _mm256_cvtepi32_ps(total[r][t]);
    }
  } else {
    for (auto& row : block_sums) {
      for (__m256& value : row) value = _mm256_setzero_ps();
    }
    for (std::size_t g = 0; g < n / 32; ++g) {
      __m256 d[kRows];
      for (std::size_t r = 0; r < kRows; ++r) d[r] = _mm256_set1_ps(panel.d[r0 + r][b * 8 + g]);
      for (std::size_t t = 0; t < kTokens; ++t) {
        const __m256i even = load_a(xb[t]->a + 32 * g), odd = load_a(xb[t]->a + 32 * g + 16);
        for (std::size_t r = 0; r < kRows; ++r) {
          const __m256i total = Dot::add(_mm256_madd_epi16(even, at(r, 32 * g)), odd, at(r, 32 * g + 16));
          block_sums[r][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total), d[r], block_sums[r][t]);
        }
      }
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t t = 0; t < kTokens; ++t) {
      __m256& sum = sums[r * Int16Panel::kTokens + t];
      const float scale = kIntegerScales ? panel.d[r0 + r][b] * xb[t]->scale : xb[t]->scale;
      const __m256 scaled = _mm256_fmadd_ps(block_sums[r][t], _mm256_set1_ps(scale), sum);
      sum = subtract_mins<kMins>(panel.mins[r0 + r] + b * kMins, *xb[t], scaled);
    }
  }
}

// Of 16 registers: 9 sums, 3 weights, activations and products; or 8 sums, 2 scales, 2 activations and products.
template <class Format>
struct Int16TileShape {
  static constexpr std::size_t kRows = Format::kIntegerScales ? 3 : 2, kTokens = Format::kIntegerScales ? 3 : 4;
  static_assert(Int16Panel::kRows % kRows == 0);
};

using Int16TileFn = void (*)(const Int16Panel&, std::size_t, std::size_t, std::size_t, const Int16Block* const*,
                             std::size_t, __m256*) noexcept;

template <class Dot, class Format, std::size_t kRows, std::size_t kTokens = Int16TileShape<Format>::kTokens>
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
  using Shape = Int16TileShape<Format>;
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
    for (std::size_t at = 0; at < n; at += kInt16BlockValues) {
      const std::size_t n_block = n - at < kInt16BlockValues ? n - at : kInt16BlockValues;
      const std::size_t b = at / kInt16BlockValues, x_block = k / kInt16BlockValues + b;
      for (std::size_t t = 0; t < n_tokens; t += Shape::kTokens) {
        const std::size_t tokens = n_tokens - t < Shape::kTokens ? n_tokens - t : Shape::kTokens;
        const Int16TileFn tall = int16_tile_for<Dot, Format, Shape::kRows>(tokens);
        const Int16TileFn single = int16_tile_for<Dot, Format, 1>(tokens);
        std::size_t r = 0;
        for (; r + Shape::kRows <= n_rows; r += Shape::kRows) {
          tall(panel, r, b, n_block, x + t, x_block, sums + r * Panel::kTokens + t);
        }
        for (; r < n_rows; ++r) single(panel, r, b, n_block, x + t, x_block, sums + r * Panel::kTokens + t);
      }
    }
  }
  for (std::size_t t = 0; t < n_tokens; ++t) {
    const auto halves = [&](std::size_t r) { return add_halves(sums[r * Panel::kTokens + t]); };
    float* y = args.y + (token + t) * args.y_stride + row;
    std::size_t r = 0;
    for (; r + 4 <= n_rows; r += 4)
      _mm_storeu_ps(y + r, sum4x4(halves(r), halves(r + 1), halves(r + 2), halves(r + 3)));
    for (; r < n_rows; ++r) y[r] = sum4(halves(r));
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
  if (args.n_tokens <= kInt16FusedTokens) {
    int16_fused<Dot, Format>(args);
  } else {
    int16_panels<Dot, Format>(args);
  }
}

}  // namespace
}  // namespace quern::kernels
