// What the tile products share: shapes of the blocks, activations as B tiles, sums as output rows.
//   A tile: 16 weight rows x 64 bytes of them. Weights as A, because A is row-major: decoded weights are stored as they
//   come.
//   B tile: 16 tokens, with 4 bytes of each in a row: the activations, transposed once per block of weight rows.
//   C tile: 16 weight rows x 16 tokens.
// A product runs over blocks of up to kBlockTokens tokens and so many rows that their sums fit kSumTiles, and in these
// over panels of 32 rows x 512 columns. Sizes for an L2 of 2 MiB and an L1 of 48 KiB, as every CPU with tiles has.
#pragma once

#include "kernels/cpu/amx/tiles.hpp"
#include "kernels/cpu/avx512/transpose.hpp"
#include "kernels/cpu/avx512/vec.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kTileSide = 16, kTileRowBytes = 64, kTileBytes = 1024;
inline constexpr std::size_t kPanelTiles = 2;                            // 32 weight rows
inline constexpr std::size_t kPanelCols = 512;                           // a multiple of every block size
inline constexpr std::size_t kPanelSteps = 16;                           // 1024 bytes of each row in either arithmetic
inline constexpr std::size_t kBlockTokens = 512;                         // 512 KiB of B tiles
inline constexpr std::size_t kSumTiles = kBlockTokens / kTileSide * 32;  // 1 MiB: 512 tokens x 512 rows

using TileSums = float[kTileSide * kTileSide];  // [row, token]

// On the stack of the caller; a product touches what its tokens need.
struct TileScratch {
  alignas(64) std::byte a[kPanelTiles][kPanelSteps][kTileBytes];
  alignas(64) std::byte b[kBlockTokens / kTileSide][kPanelSteps][kTileBytes];
  alignas(64) TileSums c[kSumTiles];  // [row tile][token tile]
};

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

// product(row, n_rows, token, n_tokens, scratch) for every block; it leaves the block's sums in scratch.c, row tiles
// tiles_of(n_tokens) tiles apart.
template <class Product>
void for_each_tile_block(const MatmulArgs& args, Product product) noexcept {
  if (args.row_begin >= args.row_end || args.n_tokens == 0) return;
  TileScratch scratch;
  const TileScope tiles;
  for (std::size_t token = 0; token < args.n_tokens; token += kBlockTokens) {
    const std::size_t n_tokens = at_most(args.n_tokens - token, kBlockTokens), token_tiles = tiles_of(n_tokens);
    const std::size_t block_rows = kSumTiles / token_tiles / kPanelTiles * kPanelTiles * kTileSide;  // whole panels
    for (std::size_t row = args.row_begin; row < args.row_end; row += block_rows) {
      const std::size_t n_rows = at_most(args.row_end - row, block_rows);
      product(row, n_rows, token, n_tokens, scratch);
      for (std::size_t r = 0; r < n_rows; r += kTileSide) {
        for (std::size_t t = 0; t < n_tokens; t += kTileSide) {
          store_sums(scratch.c[r / kTileSide * token_tiles + t / kTileSide], at_most(n_tokens - t, kTileSide),
                     at_most(n_rows - r, kTileSide), args.y + (token + t) * args.y_stride + row + r, args.y_stride);
        }
      }
    }
  }
}

}  // namespace
}  // namespace quern::kernels
