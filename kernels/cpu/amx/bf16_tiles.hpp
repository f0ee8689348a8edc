// Matrix product in bf16 on tiles, with F32 sums: 2 x 2 tiles of sums are in registers, with two A and two B: 4 loads
// for 4 products of 16 x 16 x 32.
// One order of summation for every (token, row): steps of 32 columns in order, each as the instruction defines it,
// independent of neighbours and of the blocking (sums wait in F32 between panels). On paper (16 cycles for a tile
// product, 8 for a load) decoding takes 0.2 and the transposition 0.13 cycles for each weight and activation, beside
// one cycle of tile products at 512 tokens and rows.
#pragma once

#include "kernels/cpu/amx/tile_blocks.hpp"
#include "kernels/cpu/avx512/bf16.hpp"

namespace quern::kernels {
namespace {

static_assert(kPanelCols / kBf16Group == kPanelSteps);

// Two row tiles x kTokenTiles token tiles of sums are tiles 0 to 3: [row tile][token tile]. c: the same in memory, row
// tiles c_stride tiles apart.
template <std::size_t kTokenTiles>
void bf16_zero_sums() noexcept {
  tile_zero<0>();
  tile_zero<2>();
  if constexpr (kTokenTiles == 2) {
    tile_zero<1>();
    tile_zero<3>();
  }
}
template <std::size_t kTokenTiles>
void bf16_load_sums(const TileSums* c, std::size_t c_stride) noexcept {
  tile_load<0>(c[0], kTileRowBytes);
  tile_load<2>(c[c_stride], kTileRowBytes);
  if constexpr (kTokenTiles == 2) {
    tile_load<1>(c[1], kTileRowBytes);
    tile_load<3>(c[c_stride + 1], kTileRowBytes);
  }
}
template <std::size_t kTokenTiles>
void bf16_store_sums(TileSums* c, std::size_t c_stride) noexcept {
  tile_store<0>(c[0], kTileRowBytes);
  tile_store<2>(c[c_stride], kTileRowBytes);
  if constexpr (kTokenTiles == 2) {
    tile_store<1>(c[1], kTileRowBytes);
    tile_store<3>(c[c_stride + 1], kTileRowBytes);
  }
}

// Adds 32 columns. a0, a1: A tiles of the row tiles; b0, b1: B tiles of the token tiles.
template <std::size_t kTokenTiles>
void bf16_tile_step(const std::byte* a0, const std::byte* a1, const std::byte* b0, const std::byte* b1) noexcept {
  tile_load<6>(b0, kTileRowBytes);
  tile_load<4>(a0, kTileRowBytes);
  tile_dot_bf16<0, 4, 6>();
  if constexpr (kTokenTiles == 2) {
    tile_load<7>(b1, kTileRowBytes);
    tile_dot_bf16<1, 4, 7>();
  }
  tile_load<5>(a1, kTileRowBytes);
  tile_dot_bf16<2, 5, 6>();
  if constexpr (kTokenTiles == 2) tile_dot_bf16<3, 5, 7>();
}

// n_steps steps of a panel. b: token tiles. is_first: the sums start from zero.
template <std::size_t kTokenTiles>
void bf16_tile_sums(const std::byte (&a)[kPanelTiles][kPanelSteps][kTileBytes], const TokenPanel* b,
                    std::size_t n_steps, bool is_first, TileSums* c, std::size_t c_stride) noexcept {
  if (is_first) {
    bf16_zero_sums<kTokenTiles>();
  } else {
    bf16_load_sums<kTokenTiles>(c, c_stride);
  }
  for (std::size_t step = 0; step < n_steps; ++step) {
    bf16_tile_step<kTokenTiles>(a[0][step], a[1][step], b[0][step], b[kTokenTiles - 1][step]);
  }
  bf16_store_sums<kTokenTiles>(c, c_stride);
}

struct Bf16Product {
  UnpackBf16Fn unpack;

  static std::size_t n_values(const MatmulArgs& args, std::size_t k) noexcept {
    return at_most(args.n_cols - k, kPanelCols);
  }
  static std::size_t n_steps(const MatmulArgs& args, std::size_t k) noexcept {
    return (n_values(args, k) + kBf16Group - 1) / kBf16Group;
  }
  static void pack(const MatmulArgs& args, std::size_t token, std::size_t n_tokens, std::size_t k, TokenPanel* b,
                   std::size_t first) noexcept {
    for (std::size_t t = 0; t < n_tokens; t += kTileSide, ++first) {
      pack_tokens(args.x + (token + t) * args.x_row_bytes + 2 * k, args.x_row_bytes, at_most(n_tokens - t, kTileSide),
                  n_steps(args, k), b[first]);
    }
  }
  void decode(const MatmulArgs& args, std::size_t row, std::size_t n_rows, std::size_t k,
              std::byte (&a)[kPanelTiles][kPanelSteps][kTileBytes]) noexcept {
    const std::size_t n = n_values(args, k);
    const Prefetch prefetch(args, k, n);
    for (std::size_t r = 0; r < n_rows; ++r) {
      prefetch.row(row + r + kPanelTiles * kTileSide);
      unpack(args.w + (row + r) * args.row_bytes, k, n, a[r / kTileSide][0] + r % kTileSide * kTileRowBytes,
             kTileBytes);
    }
  }
  void add(const MatmulArgs& args, std::size_t, std::size_t n_tokens, std::size_t k, const TileScratch& scratch,
           std::size_t first, TileSums* c) noexcept {
    const std::size_t token_tiles = tiles_of(n_tokens);
    const TokenPanel* b = scratch.b + first;
    std::size_t t = 0;
    for (; t + 2 <= token_tiles; t += 2) {
      bf16_tile_sums<2>(scratch.a, b + t, n_steps(args, k), k == 0, c + t, token_tiles);
    }
    if (t < token_tiles) bf16_tile_sums<1>(scratch.a, b + t, n_steps(args, k), k == 0, c + t, token_tiles);
  }
};

}  // namespace
}  // namespace quern::kernels
