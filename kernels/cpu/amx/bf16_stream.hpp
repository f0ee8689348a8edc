// The bf16 tile product for up to 32 tokens: what many streams at once decode with. It costs little more than decoding
// the weights, so tile products of one stretch run between the decoding of the rows of the next: a product of few
// tokens has two to four chains of products, whose latency (52 cycles) would otherwise be waited for. Sums stay in the
// tiles from the first column to the last: the order of bf16_tile_sums, so bit-equal to it. On paper, q4_k: 7 cycles
// for 64 weights to decode, beside which the tile products (2 for 1024 weights and 16 tokens) disappear: 9 weights a
// cycle, where two cores that share 29 GB/s at 3 GHz can read 8.6.
#pragma once

#include "kernels/cpu/amx/bf16_tiles.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kStreamCols = 256, kStreamSteps = kStreamCols / kBf16Group;  // two stretches fill the L1
inline constexpr std::size_t kStreamRows = kPanelTiles * kTileSide;
inline constexpr std::size_t kStreamTokenTiles = 2;

struct StreamScratch {
  alignas(64) std::byte a[2][kPanelTiles][kStreamSteps][kTileBytes];
  alignas(64) TokenPanel b[kTokenPanels];  // [panel of columns][token tile]
  alignas(64) TileSums c[kPanelTiles * kStreamTokenTiles];
};

// Columns [k, k + kStreamCols) of rows [row, row + kStreamRows).
struct Stretch {
  std::size_t row, k;

  std::size_t n_rows(const MatmulArgs& args) const noexcept {
    return row < args.row_end ? at_most(args.row_end - row, kStreamRows) : 0;
  }
  std::size_t n_cols(const MatmulArgs& args) const noexcept { return at_most(args.n_cols - k, kStreamCols); }
  Stretch next(const MatmulArgs& args) const noexcept {
    return k + kStreamCols < args.n_cols ? Stretch{row, k + kStreamCols} : Stretch{row + kStreamRows, 0};
  }
};

// Rows [begin, end) of a stretch, counted from its first one.
template <UnpackBf16Fn kUnpack>
void decode_stretch(const MatmulArgs& args, const Stretch& s, std::size_t begin, std::size_t end,
                    std::byte (&a)[kPanelTiles][kStreamSteps][kTileBytes]) noexcept {
  const std::size_t n = s.n_cols(args);
  const Prefetch prefetch(args, s.k, n);
  for (std::size_t r = begin; r < end; ++r) {
    prefetch.row(s.row + r + kStreamRows);
    kUnpack(args.w + (s.row + r) * args.row_bytes, s.k, n, a[r / kTileSide][0] + r % kTileSide * kTileRowBytes,
            kTileBytes);
  }
}

template <UnpackBf16Fn kUnpack, std::size_t kTokenTiles>
void bf16_stream_tokens(const MatmulArgs& args, StreamScratch& scratch) noexcept {
  Stretch now{args.row_begin, 0};
  decode_stretch<kUnpack>(args, now, 0, now.n_rows(args), scratch.a[0]);
  for (std::size_t buffer = 0; now.row < args.row_end; buffer ^= 1) {
    const Stretch next = now.next(args);
    const std::size_t next_rows = next.n_rows(args);
    const std::size_t n_steps = (now.n_cols(args) + kBf16Group - 1) / kBf16Group;
    const std::size_t first_step = now.k % kPanelCols / kBf16Group;
    const TokenPanel* b = scratch.b + now.k / kPanelCols * kTokenTiles;
    if (now.k == 0) bf16_zero_sums<kTokenTiles>();
    for (std::size_t step = 0; step < kStreamSteps; ++step) {
      constexpr std::size_t kRowsOfStep = kStreamRows / kStreamSteps;
      const std::size_t begin = kRowsOfStep * step;
      if (begin < next_rows) {
        decode_stretch<kUnpack>(args, next, begin, at_most(next_rows, begin + kRowsOfStep), scratch.a[buffer ^ 1]);
      }
      if (step < n_steps) {
        bf16_tile_step<kTokenTiles>(scratch.a[buffer][0][step], scratch.a[buffer][1][step], b[0][first_step + step],
                                    b[kTokenTiles - 1][first_step + step]);
      }
    }
    if (next.k == 0) {
      bf16_store_sums<kTokenTiles>(scratch.c, kTokenTiles);
      store_block(args, scratch.c, now.row, now.n_rows(args), 0, args.n_tokens);
    }
    now = next;
  }
}

// Whether the tokens are few and their B tiles fit.
inline bool bf16_can_stream(const MatmulArgs& args) noexcept {
  const std::size_t token_tiles = tiles_of(args.n_tokens);
  return token_tiles <= kStreamTokenTiles &&
         token_tiles * ((args.n_cols + kPanelCols - 1) / kPanelCols) <= kTokenPanels;
}

template <UnpackBf16Fn kUnpack>
void bf16_stream(const MatmulArgs& args) noexcept {
  if (args.row_begin >= args.row_end || args.n_tokens == 0) return;
  StreamScratch scratch;
  const TileScope tiles;
  const std::size_t token_tiles = tiles_of(args.n_tokens);
  for (std::size_t k = 0, first = 0; k < args.n_cols; k += kPanelCols, first += token_tiles) {
    Bf16Product::pack(args, 0, args.n_tokens, k, scratch.b, first);
  }
  if (token_tiles == 1) {
    bf16_stream_tokens<kUnpack, 1>(args, scratch);
  } else {
    bf16_stream_tokens<kUnpack, 2>(args, scratch);
  }
}

}  // namespace
}  // namespace quern::kernels
