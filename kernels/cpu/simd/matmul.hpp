// Matrix product y = W x with F32 activations, for any vector type V and any weight format, in two regimes behind one
// function:
//   fused (1 to 4 tokens): weights are decoded in registers and used at once; several rows in flight, far apart (see
//     row_streams.hpp), hide the latency of the FMA and of the memory.
//   panel (more tokens): kPanelRows x kPanelCols weights are decoded into a scratch of the size of L1 to L2 and used
//     for up to kPanelTokens tokens by a register-tiled kernel.
// One order of summation for every (token, row), whatever the regime and its neighbours: one vector accumulator, lane
// k % kLanes, ascending k, one fixed reduction (where the format decodes in strided groups, k counts in that order). So
// results are bit-equal for every batch size and every split of the rows. Scratch is on the stack (about 100 KiB with 8
// lanes, 150 KiB with 16). Weights of a row may have any alignment.
#pragma once

#include "kernels/cpu/simd/row_streams.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

// Sizes in values: the panel fits the L2 and four tokens of kPanelCols fit the L1 (512 and 32 KiB on the AMD EPYC 7003
// where bench/kernels/matmul_bench showed 55 to 63 % of the FMA roof with them).
inline constexpr std::size_t kPanelRows = 24;   // a multiple of V::kTileRows
inline constexpr std::size_t kPanelCols = 512;  // a multiple of every block size
inline constexpr std::size_t kPanelTokens = 64;
inline constexpr std::size_t kPanelStride = kPanelCols + 16;  // rows of a power of two would share cache sets

// Groups of a block that are unrolled; under sanitizers the unrolled code would take minutes to compile. Formats with
// kLongGroups are not unrolled: their code would fill the L1 (iq2_xs, 2048 x 2048, one token, on the same machine:
// 1001 us unrolled, 867 us not).
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kUnrolledGroups = 1, kUnrolledRows = 1;
#else
inline constexpr int kUnrolledGroups = 8, kUnrolledRows = 4;
#endif

inline const float* token_row(const MatmulArgs& args, std::size_t token) noexcept {
  return reinterpret_cast<const float*>(args.x + token * args.x_row_bytes);
}

// ---- fused ----------------------------------------------------------------------------------------------------------

template <class V, class Groups, std::size_t kRows, std::size_t kTokens>
struct FusedTile {
  using F = typename V::F;
  static constexpr std::size_t kVectors = 32 / V::kLanes;

  F sums[kRows][kTokens];
  const float* x[kTokens];

  void add_products(std::size_t row, const F* weights, std::size_t n_vectors, std::size_t k) noexcept {
    for (std::size_t i = 0; i < n_vectors; ++i) {
      for (std::size_t t = 0; t < kTokens; ++t) {
        sums[row][t] = V::fmadd(weights[i], V::load(x[t] + k + i * V::kLanes), sums[row][t]);
      }
    }
  }

  void add_group(const typename Groups::State (&state)[kRows], std::size_t g, std::size_t k) noexcept {
#pragma GCC unroll kUnrolledRows
    for (std::size_t r = 0; r < kRows; ++r) {
      F weights[kVectors];
      Groups::group(state[r], g, weights);
      add_products(r, weights, kVectors, k + g * 32);
    }
  }

  void add_block(const std::byte* const (&w)[kRows], std::size_t k) noexcept {
    constexpr std::size_t kGroups = Groups::kBlockValues / 32;
    typename Groups::State state[kRows];
    for (std::size_t r = 0; r < kRows; ++r) Groups::open(w[r], state[r]);
    if constexpr (requires { Groups::kLongGroups; }) {
#pragma GCC unroll 1
      for (std::size_t g = 0; g < kGroups; ++g) add_group(state, g, k);
    } else {
#pragma GCC unroll kUnrolledGroups
      for (std::size_t g = 0; g < kGroups; ++g) add_group(state, g, k);
    }
  }

  // Rows row, row + stride, ..
  void run(const MatmulArgs& args, std::size_t row, std::size_t stride) noexcept {
    const std::byte* w[kRows];
    for (std::size_t r = 0; r < kRows; ++r) w[r] = args.w + (row + r * stride) * args.row_bytes;
    for (std::size_t t = 0; t < kTokens; ++t) x[t] = token_row(args, t);
    for (auto& row_sums : sums) {
      for (F& sum : row_sums) sum = V::zero();
    }
    std::size_t k = 0;
    for (; k + Groups::kBlockValues <= args.n_cols; k += Groups::kBlockValues) {
      add_block(w, k);
      for (std::size_t r = 0; r < kRows; ++r) w[r] += Groups::kBlockBytes;
    }
    if constexpr (requires { &Groups::partial_group; }) {
      for (std::size_t r = 0; r < kRows && k < args.n_cols; ++r) {
        typename Groups::State state;
        Groups::open(w[r], state);
        F weights[kVectors];
        const std::size_t n_vectors = Groups::partial_group(state, args.n_cols - k, weights);
        add_products(r, weights, n_vectors, k);
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t t = 0; t < kTokens; ++t) {
        args.y[t * args.y_stride + row + r * stride] = V::reduce_add(sums[r][t]);
      }
    }
  }
};

template <class V, class Groups, std::size_t kTokens>
void fused_product(const MatmulArgs& args) noexcept {
  constexpr std::size_t kRows = kTokens <= 2 ? 4 : V::kFusedRows;
  for_row_streams<kRows>(
      args.row_begin, args.row_end,
      [&](std::size_t row, std::size_t stride) { FusedTile<V, Groups, kRows, kTokens>{}.run(args, row, stride); },
      [&](std::size_t row) { FusedTile<V, Groups, 1, kTokens>{}.run(args, row, 1); });
}

// ---- panel ----------------------------------------------------------------------------------------------------------

// Decodes values [k, k + n) of a row to out, padded with zeros to a whole vector. k and n are multiples of the block
// size (n: unless the format is plain).
using UnpackFn = void (*)(const std::byte* row, std::size_t k, std::size_t n, float* out) noexcept;

template <class V, class Groups>
void unpack_groups(const std::byte* row, std::size_t k, std::size_t n, float* out) noexcept {
  constexpr std::size_t kVectors = 32 / V::kLanes;
  const std::byte* block = row + k / Groups::kBlockValues * Groups::kBlockBytes;
  typename Groups::State state;
  typename V::F weights[kVectors];
  for (; n >= Groups::kBlockValues; n -= Groups::kBlockValues, block += Groups::kBlockBytes) {
    Groups::open(block, state);
#pragma GCC unroll kUnrolledGroups
    for (std::size_t g = 0; g < Groups::kBlockValues / 32; ++g, out += 32) {
      Groups::group(state, g, weights);
      for (std::size_t i = 0; i < kVectors; ++i) V::store(out + i * V::kLanes, weights[i]);
    }
  }
  if constexpr (requires { &Groups::partial_group; }) {
    if (n == 0) return;
    Groups::open(block, state);
    const std::size_t n_vectors = Groups::partial_group(state, n, weights);
    for (std::size_t i = 0; i < n_vectors; ++i) V::store(out + i * V::kLanes, weights[i]);
  }
}

// Adds n_vectors products of kRows x kTokens to sums[row][token] (rows kPanelTokens apart).
template <class V, std::size_t kRows, std::size_t kTokens>
void tile_product(const float* w, const float* x, std::size_t x_stride, std::size_t n_vectors,
                  typename V::F* sums) noexcept {
  using F = typename V::F;
  F s[kRows][kTokens];
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t t = 0; t < kTokens; ++t) s[r][t] = sums[r * kPanelTokens + t];
  }
  for (std::size_t i = 0; i < n_vectors; ++i) {
    const std::size_t k = i * V::kLanes;
    F weights[kRows];
    for (std::size_t r = 0; r < kRows; ++r) weights[r] = V::load(w + r * kPanelStride + k);
    for (std::size_t t = 0; t < kTokens; ++t) {
      const F activation = V::load(x + t * x_stride + k);
      for (std::size_t r = 0; r < kRows; ++r) s[r][t] = V::fmadd(weights[r], activation, s[r][t]);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t t = 0; t < kTokens; ++t) sums[r * kPanelTokens + t] = s[r][t];
  }
}

template <class V>
using TileFn = void (*)(const float*, const float*, std::size_t, std::size_t, typename V::F*) noexcept;

// The kernel for n_tokens = 1 .. V::kTileTokens.
template <class V, std::size_t kRows, std::size_t kTokens = V::kTileTokens>
TileFn<V> tile_for(std::size_t n_tokens) noexcept {
  if constexpr (kTokens > 1) {
    if (n_tokens < kTokens) return tile_for<V, kRows, kTokens - 1>(n_tokens);
  }
  return &tile_product<V, kRows, kTokens>;
}

// All products of one decoded panel: rows x tokens [0, n_tokens) x n_vectors.
template <class V>
void panel_tiles(const float* w, std::size_t n_rows, const float* x, std::size_t x_stride, std::size_t n_tokens,
                 std::size_t n_vectors, typename V::F* sums) noexcept {
  for (std::size_t t = 0; t < n_tokens; t += V::kTileTokens) {
    const std::size_t n = n_tokens - t < V::kTileTokens ? n_tokens - t : V::kTileTokens;
    const TileFn<V> tall = tile_for<V, V::kTileRows>(n), single = tile_for<V, 1>(n);
    std::size_t r = 0;
    for (; r + V::kTileRows <= n_rows; r += V::kTileRows) {
      tall(w + r * kPanelStride, x + t * x_stride, x_stride, n_vectors, sums + r * kPanelTokens + t);
    }
    for (; r < n_rows; ++r) {
      single(w + r * kPanelStride, x + t * x_stride, x_stride, n_vectors, sums + r * kPanelTokens + t);
    }
  }
}

// Rows [row, row + n_rows) of tokens [token, token + n_tokens); n_rows <= kPanelRows, n_tokens <= kPanelTokens.
template <class V>
void panel(const MatmulArgs& args, UnpackFn unpack, std::size_t row, std::size_t n_rows, std::size_t token,
           std::size_t n_tokens) noexcept {
  alignas(64) float w[kPanelRows * kPanelStride];
  typename V::F sums[kPanelRows * kPanelTokens];
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (std::size_t t = 0; t < n_tokens; ++t) sums[r * kPanelTokens + t] = V::zero();
  }
  const std::size_t x_stride = args.x_row_bytes / sizeof(float);
  for (std::size_t k = 0; k < args.n_cols; k += kPanelCols) {
    const std::size_t n = args.n_cols - k < kPanelCols ? args.n_cols - k : kPanelCols;
    for (std::size_t r = 0; r < n_rows; ++r) unpack(args.w + (row + r) * args.row_bytes, k, n, w + r * kPanelStride);
    const std::size_t n_vectors = (n + V::kLanes - 1) / V::kLanes;
    panel_tiles<V>(w, n_rows, token_row(args, token) + k, x_stride, n_tokens, n_vectors, sums);
  }
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (std::size_t t = 0; t < n_tokens; ++t) {
      args.y[(token + t) * args.y_stride + row + r] = V::reduce_add(sums[r * kPanelTokens + t]);
    }
  }
}

template <class V>
void panel_product(const MatmulArgs& args, UnpackFn unpack) noexcept {
  for (std::size_t token = 0; token < args.n_tokens; token += kPanelTokens) {
    const std::size_t n_tokens = args.n_tokens - token < kPanelTokens ? args.n_tokens - token : kPanelTokens;
    for (std::size_t row = args.row_begin; row < args.row_end; row += kPanelRows) {
      const std::size_t n_rows = args.row_end - row < kPanelRows ? args.row_end - row : kPanelRows;
      panel<V>(args, unpack, row, n_rows, token, n_tokens);
    }
  }
}

// ---- activations ----------------------------------------------------------------------------------------------------

// Rows of F32 padded with zeros to 64 bytes, each group of 32 in the order of V::widen_u8: value 4 j + i of a group at
// 8 i + j. n_cols is a multiple of 32.
template <class V>
void prepare_strided_groups(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept {
  auto* to = reinterpret_cast<float*>(out);  // no padding: 32 values are 128 bytes
  for (const float* end = x + n_tokens * n_cols; x != end; x += 32, to += 32) V::store_strided(x, to);
}

// ---- entry points ---------------------------------------------------------------------------------------------------

template <class V, class Groups>
void matmul(const MatmulArgs& args) noexcept {
  static_assert(kPanelCols % Groups::kBlockValues == 0 && kPanelRows % V::kTileRows == 0);
  switch (args.n_tokens) {
    case 0:
      return;
    case 1:
      return fused_product<V, Groups, 1>(args);
    case 2:
      return fused_product<V, Groups, 2>(args);
    case 3:
      return fused_product<V, Groups, 3>(args);
    case 4:
      return fused_product<V, Groups, 4>(args);
    default:
      return panel_product<V>(args, &unpack_groups<V, Groups>);
  }
}

}  // namespace
}  // namespace quern::kernels
