// Matrix product of 15-bit integers on tiles, for weights of any format: weights and activations are blocks of 256
// integers with a scale (avx512/int15.hpp), in two planes of bytes. Three products of bytes give 128 * high * high +
// (high * low + low * high), exact in 32 bits; low * low, 2^-14 of it, is left out. After each block the integers
// become F32 and are added to the sums with both scales. Registers: two token tiles, each with a tile for high * high
// and one for the mixed terms, two planes of A and of B: 6 loads for 6 products of 16 x 16 x 64. One order of summation
// for every (token, row): blocks of 256 in order. On paper: 1.5 times the tile time of bf16 (3 products of 64 columns
// for 2 of 32), 0.2 cycles for each weight and token of 16 for the conversion of the sums, 0.4 for the decoding: at 512
// tokens 2.3 cycles where bf16 takes 1.5.
#pragma once

#include "kernels/cpu/amx/tile_blocks.hpp"
#include "kernels/cpu/avx512/int15.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kInt15Steps = kInt15Block / kInt15Step;   // steps of a block
inline constexpr std::size_t kPanelBlocks = kPanelCols / kInt15Block;  // blocks of a panel
inline constexpr std::size_t kInt15BlockBytes = 2 * kInt15Block;       // of an activation: high, then low plane
static_assert(kPanelSteps == 2 * kInt15Steps * kPanelBlocks);          // [block][plane][step]

// An activation row: its blocks, then their scales; an odd number of 64-byte lines (see bf16_row_bytes).
inline std::size_t int15_blocks(std::size_t n_cols) noexcept {
  return (n_cols + kInt15Block - 1) / kInt15Block;
}
inline std::size_t int15_row_bytes(std::size_t n_cols) noexcept {
  const std::size_t n_blocks = int15_blocks(n_cols);
  const std::size_t lines = n_blocks * kInt15BlockBytes / 64 + (n_blocks + 15) / 16;
  return (lines | 1u) * 64;
}

// MatmulKernel::prepare.
inline void prepare_int15(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept {
  const std::size_t row_bytes = int15_row_bytes(n_cols), n_blocks = int15_blocks(n_cols);
  for (std::size_t t = 0; t < n_tokens; ++t, x += n_cols, out += row_bytes) {
    auto* scales = reinterpret_cast<float*>(out + n_blocks * kInt15BlockBytes);
    for (std::size_t b = 0; b < n_blocks; ++b) {
      const float* values = x + b * kInt15Block;
      const std::size_t n = n_cols - b * kInt15Block;
      alignas(64) float padded[kInt15Block];
      if (n < kInt15Block) {
        __builtin_memset(padded, 0, sizeof padded);
        __builtin_memcpy(padded, values, n * sizeof(float));
        values = padded;
      }
      std::byte* block = out + b * kInt15BlockBytes;
      scales[b] = split_int15(values, block, block + kInt15Block, kInt15Step);
    }
  }
}

// Adds the products of one row tile and one block of 256 columns with kTokenTiles token tiles to c. a and b: the tiles
// of the block, [plane][step]; b of the second token tile is kPanelSteps tiles on. row_scales: of 16 rows, kPanelBlocks
// apart; token_scales: of 16 tokens, those of the second tile kPanelBlocks * 16 on.
template <std::size_t kTokenTiles>
void int15_tile_sums(const std::byte (*a)[kTileBytes], const std::byte (*b)[kTileBytes], const float* row_scales,
                     const float* token_scales, bool is_first, TileSums* c) noexcept {
  constexpr bool kTwo = kTokenTiles == 2;
  tile_zero<0>();
  tile_zero<1>();
  if constexpr (kTwo) {
    tile_zero<2>();
    tile_zero<3>();
  }
#pragma GCC unroll 4
  for (std::size_t step = 0; step < kInt15Steps; ++step) {
    tile_load<4>(a[step], kTileRowBytes);
    tile_load<6>(b[step], kTileRowBytes);
    tile_dot_ss<0, 4, 6>();
    tile_load<7>(b[kInt15Steps + step], kTileRowBytes);
    tile_dot_ss<1, 4, 7>();
    tile_load<5>(a[kInt15Steps + step], kTileRowBytes);
    tile_dot_ss<1, 5, 6>();
    if constexpr (kTwo) {
      tile_load<6>(b[kPanelSteps + step], kTileRowBytes);
      tile_dot_ss<2, 4, 6>();
      tile_load<7>(b[kPanelSteps + kInt15Steps + step], kTileRowBytes);
      tile_dot_ss<3, 4, 7>();
      tile_dot_ss<3, 5, 6>();
    }
  }
  alignas(64) std::int32_t high[kTokenTiles][kTileSide * kTileSide], mixed[kTokenTiles][kTileSide * kTileSide];
  tile_store<0>(high[0], kTileRowBytes);
  tile_store<1>(mixed[0], kTileRowBytes);
  if constexpr (kTwo) {
    tile_store<2>(high[1], kTileRowBytes);
    tile_store<3>(mixed[1], kTileRowBytes);
  }
  for (std::size_t tile = 0; tile < kTokenTiles; ++tile) {
    const __m512 tokens = Vec::load(token_scales + tile * kPanelBlocks * kTileSide);
    for (std::size_t r = 0; r < kTileSide; ++r) {
      // |high| <= 256 * 127 * 127, times 128 and with the mixed terms below 2^30
      const __m512i sum = _mm512_add_epi32(_mm512_slli_epi32(_mm512_load_si512(high[tile] + kTileSide * r), 7),
                                           _mm512_load_si512(mixed[tile] + kTileSide * r));
      const __m512 scale = Vec::mul(tokens, Vec::set1(row_scales[r * kPanelBlocks]));
      float* out = c[tile] + kTileSide * r;
      const __m512 before = is_first ? Vec::zero() : Vec::load(out);
      Vec::store(out, Vec::fmadd(_mm512_cvtepi32_ps(sum), scale, before));
    }
  }
}

template <class Groups>
struct Int15Product {
  float row_scales[kPanelTiles * kTileSide][kPanelBlocks];                // of the panel, times 128
  alignas(64) float token_scales[kTokenPanels][kPanelBlocks][kTileSide];  // as the B tiles

  static std::size_t n_blocks(const MatmulArgs& args, std::size_t k) noexcept {
    return at_most(int15_blocks(args.n_cols - k), kPanelBlocks);
  }
  void pack(const MatmulArgs& args, std::size_t token, std::size_t n_tokens, std::size_t k, TokenPanel* b,
            std::size_t first) noexcept {
    const std::size_t block = k / kInt15Block, scales_at = int15_blocks(args.n_cols) * kInt15BlockBytes;
    for (std::size_t t = 0; t < n_tokens; t += kTileSide, ++first) {
      const std::byte* x = args.x + (token + t) * args.x_row_bytes;
      const std::size_t n = at_most(n_tokens - t, kTileSide);
      pack_tokens(x + block * kInt15BlockBytes, args.x_row_bytes, n, n_blocks(args, k) * 2 * kInt15Steps, b[first]);
      for (std::size_t i = 0; i < kTileSide; ++i) {
        const auto* scales = reinterpret_cast<const float*>(x + at_most(i, n - 1) * args.x_row_bytes + scales_at);
        for (std::size_t j = 0; j < n_blocks(args, k); ++j) token_scales[first][j][i] = scales[block + j];
      }
    }
  }
  void decode(const MatmulArgs& args, std::size_t row, std::size_t n_rows, std::size_t k,
              std::byte (&a)[kPanelTiles][kPanelSteps][kTileBytes]) noexcept {
    alignas(64) float values[kInt15Block];
    const Prefetch prefetch(args, k, at_most(args.n_cols - k, kPanelCols));
    for (std::size_t r = 0; r < n_rows; ++r) {
      prefetch.row(row + r + kPanelTiles * kTileSide);
      for (std::size_t b = 0; b < n_blocks(args, k); ++b) {
        decode_block<Groups>(args.w + (row + r) * args.row_bytes, k + b * kInt15Block, args.n_cols, values);
        std::byte* high = a[r / kTileSide][b * 2 * kInt15Steps] + r % kTileSide * kTileRowBytes;
        row_scales[r][b] = 128.0f * split_int15(values, high, high + kInt15Steps * kTileBytes, kTileBytes);
      }
    }
  }
  void add(const MatmulArgs& args, std::size_t n_rows, std::size_t n_tokens, std::size_t k, const TileScratch& scratch,
           std::size_t first, TileSums* c) noexcept {
    const std::size_t token_tiles = tiles_of(n_tokens);
    for (std::size_t tile = 0; tile < tiles_of(n_rows); ++tile, c += token_tiles) {
      for (std::size_t j = 0; j < n_blocks(args, k); ++j) {
        const std::size_t step = j * 2 * kInt15Steps;
        const float* rows = row_scales[tile * kTileSide] + j;
        const bool is_first = k == 0 && j == 0;
        std::size_t t = 0;
        for (; t + 2 <= token_tiles; t += 2) {
          int15_tile_sums<2>(scratch.a[tile] + step, scratch.b[first + t] + step, rows, token_scales[first + t][j],
                             is_first, c + t);
        }
        if (t < token_tiles) {
          int15_tile_sums<1>(scratch.a[tile] + step, scratch.b[first + t] + step, rows, token_scales[first + t][j],
                             is_first, c + t);
        }
      }
    }
  }
};

}  // namespace
}  // namespace quern::kernels
