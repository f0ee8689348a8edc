// The panel regime of the integer matrix product (see int16_matmul.hpp), and the choice of the regime.
#pragma once

#include "kernels/cpu/x86/int16_matmul.hpp"
#include "kernels/cpu/x86/int16_planes.hpp"

namespace quern::kernels {
namespace {

// Weights as integers of 16 bits: 24 x 512 take 26 KiB, beside 4 tokens of 256 in the L1.
struct Int16Panel {
  static constexpr std::size_t kRows = 24, kCols = 512;
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
// kTokens tokens to sums[row][kStride].
template <class Dot, bool kIntegerScales, std::size_t kMins, std::size_t kStride, std::size_t kRows,
          std::size_t kTokens>
void int16_tile(const Int16Panel& panel, std::size_t r0, std::size_t b, std::size_t n, const Int16Block* const* x,
                __m256* sums) noexcept {
  const std::int16_t* w = panel.w + r0 * Int16Panel::kStride + b * kInt16BlockValues;
  const auto at = [w](std::size_t r, std::size_t k) { return load_a(w + r * Int16Panel::kStride + k); };
  __m256 block_sums[kRows][kTokens];  // in units of the activations' scale, and of d where that is the block's
  if constexpr (kIntegerScales) {
    __m256i total[kRows][kTokens];
#pragma GCC unroll kInt16Unroll
    for (std::size_t k = 0; k < kInt16BlockValues; k += 16) {
      __m256i weights[kRows];
      for (std::size_t r = 0; r < kRows; ++r) weights[r] = at(r, k);
      for (std::size_t t = 0; t < kTokens; ++t) {
        const __m256i activations = load_a(x[t]->a + k);
        for (std::size_t r = 0; r < kRows; ++r) {
          total[r][t] =
              k == 0 ? Dot::multiply(weights[r], activations) : Dot::add_in_place(total[r][t], weights[r], activations);
        }
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
        const __m256i even = load_a(x[t]->a + 32 * g), odd = load_a(x[t]->a + 32 * g + 16);
        for (std::size_t r = 0; r < kRows; ++r) {
          const __m256i total = Dot::add(Dot::multiply(even, at(r, 32 * g)), odd, at(r, 32 * g + 16));
          block_sums[r][t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total), d[r], block_sums[r][t]);
        }
      }
    }
  }
  __m256 x_scale[kTokens];
  for (std::size_t t = 0; t < kTokens; ++t) x_scale[t] = _mm256_broadcast_ss(&x[t]->scale);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t t = 0; t < kTokens; ++t) {
      __m256& sum = sums[r * kStride + t];
      __m256 scale = x_scale[t];
      if constexpr (kIntegerScales) scale = _mm256_mul_ps(_mm256_broadcast_ss(&panel.d[r0 + r][b]), scale);
      sum = subtract_mins<kMins>(panel.mins[r0 + r] + b * kMins, *x[t], _mm256_fmadd_ps(block_sums[r][t], scale, sum));
    }
  }
}

// Of 16 registers: 9 sums, 3 weights, activations and products; or 8 sums, 2 scales, 2 activations and products.
template <class Format>
struct Int16TileShape {
  static constexpr std::size_t kRows = Format::kIntegerScales ? 3 : 2, kTokens = Format::kIntegerScales ? 3 : 4;
  static_assert(Int16Panel::kRows % kRows == 0);
};

// The sums of a panel's rows and some tokens, in the order in which tiles use them: token tile, row tile. Rows that
// make no whole tile are tiles of one row.
template <class Format>
class Int16Sums {
 public:
  using Shape = Int16TileShape<Format>;
  static constexpr std::size_t kTokens = 66, kTileSums = Shape::kRows * Shape::kTokens;

  Int16Sums(std::size_t n_rows, std::size_t n_tokens) noexcept
      : n_rows_(n_rows), n_tall_(n_rows / Shape::kRows), n_row_tiles_(n_tall_ + n_rows % Shape::kRows) {
    const std::size_t n_token_tiles = (n_tokens + Shape::kTokens - 1) / Shape::kTokens;
    for (std::size_t i = 0; i < n_token_tiles * n_row_tiles_ * kTileSums; ++i) sums_[i] = _mm256_setzero_ps();
  }
  // The first tile of some tokens; those of its further row tiles follow.
  __m256* tile(std::size_t token) noexcept { return sums_ + token / Shape::kTokens * n_row_tiles_ * kTileSums; }
  // y[token, row] for all of them.
  void store(float* y, std::size_t y_stride, std::size_t n_tokens) noexcept {
    for (std::size_t t = 0; t < n_tokens; ++t) {
      const __m256* sums = tile(t) + t % Shape::kTokens;
      float* out = y + t * y_stride;
      if (n_rows_ == Int16Panel::kRows) {
        store_whole(sums, out);
      } else {
        store_part(sums, out);
      }
    }
  }

 private:
  static void store_whole(const __m256* sums, float* y) noexcept {
    const auto halves = [sums](std::size_t r) {
      return add_halves(sums[r / Shape::kRows * kTileSums + r % Shape::kRows * Shape::kTokens]);
    };
#pragma GCC unroll kInt16Unroll
    for (std::size_t r = 0; r < Int16Panel::kRows; r += 4) {
      _mm_storeu_ps(y + r, sum4x4(halves(r), halves(r + 1), halves(r + 2), halves(r + 3)));
    }
  }
  void store_part(const __m256* sums, float* y) const noexcept {
    for (std::size_t tile = 0; tile < n_row_tiles_; ++tile, sums += kTileSums) {
      const std::size_t n = tile < n_tall_ ? Shape::kRows : 1;
      for (std::size_t r = 0; r < n; ++r) *y++ = sum4(add_halves(sums[r * Shape::kTokens]));
    }
  }

  static constexpr std::size_t kTokenTiles = (kTokens + Shape::kTokens - 1) / Shape::kTokens;
  std::size_t n_rows_, n_tall_, n_row_tiles_;
  __m256 sums_[(Int16Panel::kRows / Shape::kRows + Shape::kRows) * kTokenTiles * kTileSums];
};

using Int16TileFn = void (*)(const Int16Panel&, std::size_t, std::size_t, std::size_t, const Int16Block* const*,
                             __m256*) noexcept;

template <class Dot, class Format, std::size_t kRows, std::size_t kTokens = Int16TileShape<Format>::kTokens>
Int16TileFn int16_tile_for(std::size_t n_tokens) noexcept {
  if constexpr (kTokens > 1) {
    if (n_tokens < kTokens) return int16_tile_for<Dot, Format, kRows, kTokens - 1>(n_tokens);
  }
  return &int16_tile<Dot, Format::kIntegerScales, Format::kMins, Int16TileShape<Format>::kTokens, kRows, kTokens>;
}

// Rows [row, row + n_rows) of tokens [token, token + n_tokens); at most a panel's rows and Int16Sums' tokens.
template <class Dot, class Format>
void int16_panel_product(const MatmulArgs& args, std::size_t row, std::size_t n_rows, std::size_t token,
                         std::size_t n_tokens) noexcept {
  using Panel = Int16Panel;
  using Shape = Int16TileShape<Format>;
  Panel panel;
  Int16Sums<Format> sums(n_rows, n_tokens);
  const Int16Block* x[Int16Sums<Format>::kTokens];
  for (std::size_t t = 0; t < n_tokens; ++t) x[t] = int16_row(args, token + t);
  for (std::size_t k = 0; k < args.n_cols; k += Panel::kCols) {
    const std::size_t n = args.n_cols - k < Panel::kCols ? args.n_cols - k : Panel::kCols;
    for (std::size_t r = 0; r < n_rows; ++r) {
      const std::byte* w = args.w + (row + r) * args.row_bytes;
      panel.template unpack<Format>(w, k, n, r);
      // What this place of the panel holds next comes from memory meanwhile. The hardware does not follow 24 rows.
      const bool is_last = k + n >= args.n_cols;
      const std::byte* next =
          is_last ? w + Panel::kRows * args.row_bytes : w + (k + n) / Format::kBlockValues * Format::kBlockBytes;
      constexpr std::size_t kBytes = Panel::kCols / Format::kBlockValues * Format::kBlockBytes;
      for (std::size_t at = 0; at < kBytes; at += 64) __builtin_prefetch(next + at);
    }
    for (std::size_t at = 0; at < n; at += kInt16BlockValues) {
      const std::size_t n_block = n - at < kInt16BlockValues ? n - at : kInt16BlockValues;
      const std::size_t b = at / kInt16BlockValues;
      for (std::size_t t = 0; t < n_tokens; t += Shape::kTokens) {
        const std::size_t tokens = n_tokens - t < Shape::kTokens ? n_tokens - t : Shape::kTokens;
        const Int16TileFn tall = int16_tile_for<Dot, Format, Shape::kRows>(tokens);
        const Int16TileFn single = int16_tile_for<Dot, Format, 1>(tokens);
        __m256* tile = sums.tile(t);
        std::size_t r = 0;
        for (; r + Shape::kRows <= n_rows; r += Shape::kRows, tile += Int16Sums<Format>::kTileSums) {
          tall(panel, r, b, n_block, x + t, tile);
        }
        for (; r < n_rows; ++r, tile += Int16Sums<Format>::kTileSums) {
          single(panel, r, b, n_block, x + t, tile);
        }
      }
      for (std::size_t t = 0; t < n_tokens; ++t) ++x[t];
    }
  }
  sums.store(args.y + token * args.y_stride + row, args.y_stride, n_tokens);
}

template <class Dot, class Format>
void int16_panels(const MatmulArgs& args) noexcept {
  constexpr std::size_t kTokens = Int16Sums<Format>::kTokens, kRows = Int16Panel::kRows;
  for (std::size_t token = 0; token < args.n_tokens; token += kTokens) {
    const std::size_t n_tokens = args.n_tokens - token < kTokens ? args.n_tokens - token : kTokens;
    for (std::size_t row = args.row_begin; row < args.row_end; row += kRows) {
      const std::size_t n_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
      int16_panel_product<Dot, Format>(args, row, n_rows, token, n_tokens);
    }
  }
}

template <class Format>
concept HasByteCodes = Format::kHasByteCodes;

template <class Dot, class Format>
void int16_matmul(const MatmulArgs& args) noexcept {
  if constexpr (HasByteCodes<Format>) {
    if (args.n_tokens == 1 && args.n_cols <= kPlanesColsMax) return int16_planes<Dot, Format>(args);
  }
  if (args.n_tokens <= kInt16FusedTokens) {
    int16_fused<Dot, Format>(args);
  } else {
    int16_panels<Dot, Format>(args);
  }
}

}  // namespace
}  // namespace quern::kernels
