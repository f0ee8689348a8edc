// Matrix product in bf16 on tiles, with F32 sums: weights are decoded to bf16 once per panel and used for up to
// kBlockTokens tokens.
//   A tile: 16 weight rows x 32 columns. Weights as A, because A is row-major: decoded groups are stored as they come.
//   B tile: 16 pairs of columns x 16 tokens: the activations, transposed once per block of weight rows.
//   C tile: 16 weight rows x 16 tokens; 2 x 2 of them are in registers, with two A and two B: 4 loads for 4 products.
// One order of summation for every (token, row): steps of 32 columns in order, each as the instruction defines it,
// independent of neighbours and of the blocking (sums wait in F32 between panels). Scratch: 1.6 MiB of stack, of which
// a product touches what its tokens need. Sizes for an L2 of 2 MiB and an L1 of 48 KiB, as every CPU with tiles has; on
// paper (16 cycles for a tile product, 8 for a load) the decoding takes 0.2 and the transposition 0.13 cycles for each
// weight and activation, beside one cycle of tile products at 512 tokens and rows.
#pragma once

#include "kernels/cpu/amx/tiles.hpp"
#include "kernels/cpu/avx512/bf16.hpp"
#include "kernels/cpu/avx512/transpose.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kTileSide = 16, kTileBytes = 1024;
inline constexpr std::size_t kPanelTiles = 2;                            // 32 weight rows
inline constexpr std::size_t kPanelCols = 512;                           // a multiple of every block size
inline constexpr std::size_t kPanelSteps = kPanelCols / kBf16Group;      // 2 x 16 A tiles: 32 KiB
inline constexpr std::size_t kBlockTokens = 512;                         // 512 KiB of B tiles
inline constexpr std::size_t kSumTiles = kBlockTokens / kTileSide * 32;  // 1 MiB: 512 tokens x 512 rows

struct Bf16Scratch {
  alignas(64) std::byte a[kPanelTiles][kPanelSteps][kTileBytes];
  alignas(64) std::byte b[kBlockTokens / kTileSide][kPanelSteps][kTileBytes];
  alignas(64) float c[kSumTiles][kTileSide * kTileSide];  // [row tile][token tile]
};

// B tiles of n_tokens <= 16 tokens (zeros for the others) from 64 * n_steps bytes of each row.
inline void pack_tokens(const std::byte* x, std::size_t row_bytes, std::size_t n_tokens, std::size_t n_steps,
                        std::byte (*out)[kTileBytes]) noexcept {
  for (std::size_t step = 0; step < n_steps; ++step, x += kBf16GroupBytes) {
    __m512i rows[kTileSide];
    if (n_tokens == kTileSide) {
#pragma GCC unroll 16
      for (std::size_t t = 0; t < kTileSide; ++t) rows[t] = _mm512_loadu_si512(x + t * row_bytes);
    } else {
      for (std::size_t t = 0; t < kTileSide; ++t) {
        rows[t] = t < n_tokens ? _mm512_loadu_si512(x + t * row_bytes) : _mm512_setzero_si512();
      }
    }
    transpose16(rows);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kTileSide; ++p) _mm512_store_si512(out[step] + 64 * p, rows[p]);
  }
}

// y[token, row] = c[row, token] for n_tokens tokens and n_rows rows, both at most 16.
inline void store_sums(const float* c, std::size_t n_tokens, std::size_t n_rows, float* y,
                       std::size_t y_stride) noexcept {
  __m512i rows[kTileSide];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < kTileSide; ++r) rows[r] = _mm512_load_si512(c + kTileSide * r);
  transpose16(rows);
  alignas(64) float sums[kTileSide][kTileSide];  // vectors cannot be indexed by a variable in registers
  for (std::size_t t = 0; t < kTileSide; ++t) _mm512_store_si512(sums[t], rows[t]);
  for (std::size_t t = 0; t < n_tokens; ++t) {
    Vec::store_partial(y + t * y_stride, Vec::load(sums[t]), n_rows);
  }
}

// Two row tiles x kTokenTiles token tiles of sums, over n_steps steps. c: the sums of [row tile][token tile], rows of
// them c_stride tiles apart; b: token tiles. is_first: the sums start from zero.
template <std::size_t kTokenTiles>
void tile_block(const std::byte (&a)[kPanelTiles][kPanelSteps][kTileBytes],
                const std::byte (*b)[kPanelSteps][kTileBytes], std::size_t n_steps, bool is_first,
                float (*c)[kTileSide * kTileSide], std::size_t c_stride) noexcept {
  constexpr bool kTwo = kTokenTiles == 2;
  if (is_first) {
    tile_zero<0>();
    tile_zero<2>();
    if constexpr (kTwo) {
      tile_zero<1>();
      tile_zero<3>();
    }
  } else {
    tile_load<0>(c[0], 64);
    tile_load<2>(c[c_stride], 64);
    if constexpr (kTwo) {
      tile_load<1>(c[1], 64);
      tile_load<3>(c[c_stride + 1], 64);
    }
  }
  for (std::size_t step = 0; step < n_steps; ++step) {
    tile_load<6>(b[0][step], 64);
    tile_load<4>(a[0][step], 64);
    tile_dot_bf16<0, 4, 6>();
    if constexpr (kTwo) {
      tile_load<7>(b[1][step], 64);
      tile_dot_bf16<1, 4, 7>();
    }
    tile_load<5>(a[1][step], 64);
    tile_dot_bf16<2, 5, 6>();
    if constexpr (kTwo) tile_dot_bf16<3, 5, 7>();
  }
  tile_store<0>(c[0], 64);
  tile_store<2>(c[c_stride], 64);
  if constexpr (kTwo) {
    tile_store<1>(c[1], 64);
    tile_store<3>(c[c_stride + 1], 64);
  }
}

inline std::size_t at_most(std::size_t n, std::size_t limit) noexcept {
  return n < limit ? n : limit;
}
inline std::size_t tiles_of(std::size_t n) noexcept {
  return (n + kTileSide - 1) / kTileSide;
}

// Rows [row, row + n_rows) of tokens [token, token + n_tokens), whose sums fit the scratch.
inline void tile_product(const MatmulArgs& args, UnpackBf16Fn unpack, std::size_t row, std::size_t n_rows,
                         std::size_t token, std::size_t n_tokens, Bf16Scratch& scratch) noexcept {
  const std::size_t token_tiles = tiles_of(n_tokens);
  for (std::size_t k = 0; k < args.n_cols; k += kPanelCols) {
    const std::size_t n = at_most(args.n_cols - k, kPanelCols), n_steps = (n + kBf16Group - 1) / kBf16Group;
    for (std::size_t t = 0; t < n_tokens; t += kTileSide) {
      pack_tokens(args.x + (token + t) * args.x_row_bytes + 2 * k, args.x_row_bytes, at_most(n_tokens - t, kTileSide),
                  n_steps, scratch.b[t / kTileSide]);
    }
    for (std::size_t r = 0; r < n_rows; r += kPanelTiles * kTileSide) {
      // Rows behind the last one keep what they had: their sums are not stored.
      for (std::size_t i = 0; i < at_most(n_rows - r, kPanelTiles * kTileSide); ++i) {
        unpack(args.w + (row + r + i) * args.row_bytes, k, n,
               scratch.a[i / kTileSide][0] + i % kTileSide * kBf16GroupBytes, kTileBytes);
      }
      auto* c = scratch.c + r / kTileSide * token_tiles;
      std::size_t t = 0;
      for (; t + 2 <= token_tiles; t += 2) tile_block<2>(scratch.a, scratch.b + t, n_steps, k == 0, c + t, token_tiles);
      if (t < token_tiles) tile_block<1>(scratch.a, scratch.b + t, n_steps, k == 0, c + t, token_tiles);
    }
  }
  for (std::size_t r = 0; r < n_rows; r += kTileSide) {
    for (std::size_t t = 0; t < n_tokens; t += kTileSide) {
      store_sums(scratch.c[r / kTileSide * token_tiles + t / kTileSide], at_most(n_tokens - t, kTileSide),
                 at_most(n_rows - r, kTileSide), args.y + (token + t) * args.y_stride + row + r, args.y_stride);
    }
  }
}

inline void bf16_tile_matmul(const MatmulArgs& args, UnpackBf16Fn unpack) noexcept {
  if (args.row_begin >= args.row_end) return;
  Bf16Scratch scratch;
  const TileScope tiles;
  for (std::size_t token = 0; token < args.n_tokens; token += kBlockTokens) {
    const std::size_t n_tokens = at_most(args.n_tokens - token, kBlockTokens);
    // Whole panels: an even number of row tiles.
    const std::size_t block_rows = kSumTiles / tiles_of(n_tokens) / kPanelTiles * kPanelTiles * kTileSide;
    for (std::size_t row = args.row_begin; row < args.row_end; row += block_rows) {
      tile_product(args, unpack, row, at_most(args.row_end - row, block_rows), token, n_tokens, scratch);
    }
  }
}

}  // namespace
}  // namespace quern::kernels
