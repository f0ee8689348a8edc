// Matrix product y = W x of weights as bytes times activations of 15 bits: kInt15Pairs pairs of rows are unpacked for
// 256 columns (2 KiB of codes, which stay in the L1) and used for up to kInt15Tokens tokens, four at a time.
// One order of summation for every (token, row): the integers are exact, floats are added in order of the columns. So
// results are bit-equal for every batch size, every split of the rows, and every kind of Dot.
#pragma once

#include "kernels/cpu/neon/dots.hpp"
#include "kernels/cpu/neon/int15_pairs.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kInt15Pairs = 4, kInt15Tokens = 64;

inline const Int15Block* int15_row(const MatmulArgs& args, std::size_t token) noexcept {
  return reinterpret_cast<const Int15Block*>(args.x + token * args.x_row_bytes);
}

// One pair of rows times n_tokens blocks of activations, n columns of them.
template <class Dot, class Pair>
void pair_products(const Pair& pair, const Int15Block* const* x, std::size_t n, std::size_t n_tokens,
                   float32x2_t* sums) noexcept {
  for (; n_tokens >= 4; n_tokens -= 4, x += 4, sums += 4) pair.template add_products<Dot, 4>(x, n, sums);
  switch (n_tokens) {
    case 3:
      return pair.template add_products<Dot, 3>(x, n, sums);
    case 2:
      return pair.template add_products<Dot, 2>(x, n, sums);
    case 1:
      return pair.template add_products<Dot, 1>(x, n, sums);
    default:
      return;
  }
}

// Rows [row, row + n_rows) of tokens [token, token + n_tokens): at most 2 * kInt15Pairs and kInt15Tokens.
template <class Dot, class Pair>
void int15_panel(const MatmulArgs& args, std::size_t row, std::size_t n_rows, std::size_t token,
                 std::size_t n_tokens) noexcept {
  Pair pair;
  float32x2_t sums[kInt15Pairs][kInt15Tokens];
  const Int15Block* x[kInt15Tokens];
  const std::size_t n_pairs = (n_rows + 1) / 2;
  for (std::size_t p = 0; p < n_pairs; ++p) {
    for (std::size_t t = 0; t < n_tokens; ++t) sums[p][t] = vdup_n_f32(0);
  }
  for (std::size_t t = 0; t < n_tokens; ++t) x[t] = int15_row(args, token + t);
  for (std::size_t k = 0; k < args.n_cols; k += kInt15Block) {
    const std::size_t n = args.n_cols - k < kInt15Block ? args.n_cols - k : kInt15Block;
    for (std::size_t p = 0; p < n_pairs; ++p) {
      for (std::size_t r = 0; r < 2; ++r) {
        // An odd last row has itself as its partner.
        const std::size_t at = 2 * p + r < n_rows ? 2 * p + r : n_rows - 1;
        pair.unpack(args.w + (row + at) * args.row_bytes + k / Pair::kFileValues * Pair::kFileBytes, n, r);
      }
      pair_products<Dot>(pair, x, n, n_tokens, sums[p]);
    }
    for (std::size_t t = 0; t < n_tokens; ++t) ++x[t];
  }
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (std::size_t t = 0; t < n_tokens; ++t) {
      const float32x2_t both = sums[r / 2][t];
      args.y[(token + t) * args.y_stride + row + r] = r % 2 == 0 ? vget_lane_f32(both, 0) : vget_lane_f32(both, 1);
    }
  }
}

// MatmulKernel::run.
template <class Dot, class Pair>
void int15_matmul(const MatmulArgs& args) noexcept {
  constexpr std::size_t kRows = 2 * kInt15Pairs;
  for (std::size_t token = 0; token < args.n_tokens; token += kInt15Tokens) {
    const std::size_t n_tokens = args.n_tokens - token < kInt15Tokens ? args.n_tokens - token : kInt15Tokens;
    for (std::size_t row = args.row_begin; row < args.row_end; row += kRows) {
      const std::size_t n_rows = args.row_end - row < kRows ? args.row_end - row : kRows;
      int15_panel<Dot, Pair>(args, row, n_rows, token, n_tokens);
    }
  }
}

}  // namespace
}  // namespace quern::kernels
