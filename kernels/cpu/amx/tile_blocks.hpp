// What the tile products share: shapes of the blocks, activations as B tiles, sums as output rows.
//   A tile: 16 weight rows x 64 bytes of them. Weights as A, because A is row-major: decoded weights are stored as they
//   come.
//   B tile: 16 tokens, with 4 bytes of each in a row: the activations, transposed once per block of weight rows.
//   C tile: 16 weight rows x 16 tokens.
// A product runs over panels of 32 rows x 512 columns of decoded weights. Where the B tiles of all columns fit the
// scratch (512 KiB: 64 tokens of 4096 columns), a panel's sums are finished before the next rows are read, which
// streams the weights as decode wants; else all rows of a block take one stretch of 512 columns after the other, and
// their sums wait. Sizes for an L2 of 2 MiB and an L1 of 48 KiB, as every CPU with tiles has.
#pragma once

#include "kernels/cpu/amx/tiles.hpp"
#include "kernels/cpu/avx512/transpose.hpp"
#include "kernels/cpu/avx512/vec.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

// Fewer rows than these do not pay for the transposition of their activations.
inline constexpr std::uint32_t kTilePieceRows = 256;
inline constexpr std::size_t kTileSide = 16, kTileRowBytes = 64, kTileBytes = 1024;
inline constexpr std::size_t kPanelTiles = 2;   // 32 weight rows
inline constexpr std::size_t kPanelCols = 512;  // a multiple of every block size
inline constexpr std::size_t kPanelSteps = 16;  // 1024 bytes of each row in either arithmetic
inline constexpr std::size_t kBlockTokens = 512;
inline constexpr std::size_t kTokenPanels = 32;                          // 512 KiB of B tiles
inline constexpr std::size_t kSumTiles = kBlockTokens / kTileSide * 32;  // 1 MiB: 512 tokens x 512 rows
static_assert(kBlockTokens / kTileSide <= kTokenPanels);

using TileSums = float[kTileSide * kTileSide];          // [row, token]
using TokenPanel = std::byte[kPanelSteps][kTileBytes];  // B tiles of 16 tokens x 512 columns

// On the stack of the caller; a product touches what its tokens need. Threads have 2 MiB where the stack limit is
// "unlimited" (glibc), 8 MiB as a rule.
struct TileScratch {
  alignas(64) std::byte a[kPanelTiles][kPanelSteps][kTileBytes];
  alignas(64) TokenPanel b[kTokenPanels];
  alignas(64) TileSums c[kSumTiles];  // [row tile][token tile]
};
static_assert(sizeof(TileScratch) < std::size_t{7} << 18);

inline std::size_t at_most(std::size_t n, std::size_t limit) noexcept {
  return n < limit ? n : limit;
}
inline std::size_t tiles_of(std::size_t n) noexcept {
  return (n + kTileSide - 1) / kTileSide;
}

// B tiles of n_tokens <= 16 tokens (zeros for the others) from 64 * n_steps bytes of each row.
inline void pack_tokens(const std::byte* x, std::size_t row_bytes, std::size_t n_tokens, std::size_t n_steps,
                        std::byte (*out)[kTileBytes]) noexcept {
  for (std::size_t step = 0; step < n_steps; ++step, x += kTileRowBytes) {
    __m512i rows[kTileSide];
    if (n_tokens == kTileSide) {
#pragma GCC unroll 16
      for (std::size_t t = 0; t < kTileSide; ++t) rows[t] = _mm512_loadu_si512(x + t * row_bytes);
    } else {
#pragma GCC unroll 16
      for (std::size_t t = 0; t < kTileSide; ++t) {
        rows[t] = t < n_tokens ? _mm512_loadu_si512(x + t * row_bytes) : _mm512_setzero_si512();
      }
    }
    transpose16(rows);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kTileSide; ++p) _mm512_store_si512(out[step] + kTileRowBytes * p, rows[p]);
  }
}

// y[token, row] = c[row, token] for n_tokens tokens and n_rows rows, both at most 16.
inline void store_sums(const TileSums& c, std::size_t n_tokens, std::size_t n_rows, float* y,
                       std::size_t y_stride) noexcept {
  __m512i rows[kTileSide];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < kTileSide; ++r) rows[r] = _mm512_load_si512(c + kTileSide * r);
  transpose16(rows);
#pragma GCC unroll 16
  for (std::size_t t = 0; t < kTileSide; ++t) {
    if (t < n_tokens) Vec::store_partial(y + t * y_stride, _mm512_castsi512_ps(rows[t]), n_rows);
  }
}

// Sums of n_rows rows, n_tokens tokens to y. c: [row tile][token tile].
inline void store_block(const MatmulArgs& args, const TileSums* c, std::size_t row, std::size_t n_rows,
                        std::size_t token, std::size_t n_tokens) noexcept {
  for (std::size_t r = 0; r < n_rows; r += kTileSide) {
    for (std::size_t t = 0; t < n_tokens; t += kTileSide, ++c) {
      store_sums(*c, at_most(n_tokens - t, kTileSide), at_most(n_rows - r, kTileSide),
                 args.y + (token + t) * args.y_stride + row + r, args.y_stride);
    }
  }
}

// While rows are decoded, the same columns of rows further on come from memory: quantized rows are short, and the
// hardware follows many of them late.
struct Prefetch {
  const std::byte* from;  // the first of these columns in row 0
  std::size_t row_bytes, n_bytes;

  Prefetch(const MatmulArgs& args, std::size_t k, std::size_t n) noexcept
      : from(args.w + k * args.row_bytes / args.n_cols),
        row_bytes(args.row_bytes),
        n_bytes(n * args.row_bytes / args.n_cols) {}
  void row(std::size_t r) const noexcept {
    for (std::size_t at = 0; at < n_bytes; at += 64) __builtin_prefetch(from + r * row_bytes + at, 0, 2);
  }
};

// A Product has
//   pack(args, token, n_tokens, k, b, first): B tiles of columns [k, k + 512): token tile i to b[first + i];
//   decode(args, row, n_rows, k, a): A tiles of n_rows <= 32 rows; those behind the last row may keep anything;
//   add(args, n_rows, n_tokens, k, scratch, first, c): the products of both to c, which starts from zero at k == 0.
template <class Product>
void tile_matmul(const MatmulArgs& args, Product& product) noexcept {
  if (args.row_begin >= args.row_end || args.n_tokens == 0) return;
  constexpr std::size_t kPanelRows = kPanelTiles * kTileSide;
  TileScratch scratch;
  const TileScope tiles;
  for (std::size_t token = 0; token < args.n_tokens; token += kBlockTokens) {
    const std::size_t n_tokens = at_most(args.n_tokens - token, kBlockTokens), token_tiles = tiles_of(n_tokens);
    const std::size_t n_panels = (args.n_cols + kPanelCols - 1) / kPanelCols;
    if (n_panels * token_tiles <= kTokenPanels) {
      for (std::size_t p = 0; p < n_panels; ++p) {
        product.pack(args, token, n_tokens, p * kPanelCols, scratch.b, p * token_tiles);
      }
      for (std::size_t row = args.row_begin; row < args.row_end; row += kPanelRows) {
        const std::size_t n_rows = at_most(args.row_end - row, kPanelRows);
        for (std::size_t p = 0; p < n_panels; ++p) {
          product.decode(args, row, n_rows, p * kPanelCols, scratch.a);
          product.add(args, n_rows, n_tokens, p * kPanelCols, scratch, p * token_tiles, scratch.c);
        }
        store_block(args, scratch.c, row, n_rows, token, n_tokens);
      }
      continue;
    }
    const std::size_t block_rows = kSumTiles / token_tiles / kPanelTiles * kPanelRows;  // whole panels
    for (std::size_t row = args.row_begin; row < args.row_end; row += block_rows) {
      const std::size_t n_rows = at_most(args.row_end - row, block_rows);
      for (std::size_t k = 0; k < args.n_cols; k += kPanelCols) {
        product.pack(args, token, n_tokens, k, scratch.b, 0);
        for (std::size_t r = 0; r < n_rows; r += kPanelRows) {
          const std::size_t panel_rows = at_most(n_rows - r, kPanelRows);
          product.decode(args, row + r, panel_rows, k, scratch.a);
          product.add(args, panel_rows, n_tokens, k, scratch, 0, scratch.c + r / kTileSide * token_tiles);
        }
      }
      store_block(args, scratch.c, row, n_rows, token, n_tokens);
    }
  }
}

}  // namespace
}  // namespace quern::kernels
