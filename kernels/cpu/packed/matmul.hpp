// Matrix product y = W x of packed weights, for any vector type O and any format that can be packed, with activations
// in one plane of bytes (fast) or two (exact). One order of floating-point steps for every (token, row), whatever the
// regime: results are bit-equal for every batch size and every split of the rows (packed/dots.hpp).
#pragma once

#include "kernels/cpu/packed/pack.hpp"
#include "kernels/cpu/packed/panel.hpp"
#include "kernels/cpu/packed/single.hpp"

namespace quern::kernels {
namespace {

// y[rows of the range] of one token from totals[row] of the rows from `first` on.
inline void store_rows(const float* totals, std::size_t first, std::size_t n_rows, const MatmulArgs& args,
                       std::size_t token) noexcept {
  float* const y = args.y + token * args.y_stride;
  if (first >= args.row_begin && first + n_rows <= args.row_end) {
    __builtin_memcpy(y + first, totals, n_rows * sizeof(float));
    return;
  }
  for (std::size_t r = 0; r < n_rows; ++r) {
    if (first + r >= args.row_begin && first + r < args.row_end) y[first + r] = totals[r];
  }
}

// Groups of rows [group, group + kTileGroups) of tokens [token, token + n_tokens): an even number, at most
// kPackedTokens.
template <class O, class Format, class Input>
void packed_panels(const MatmulArgs& args, std::size_t group, std::size_t token, std::size_t n_tokens) noexcept {
  using Kind = PackedKindOf<O, Format>;
  constexpr std::size_t kGroups = O::kTileGroups, kRows = kGroups * kPackedRows;
  PackedPanel<kGroups, Input::kWords> panel;
  alignas(64) float totals[kPackedTokens * kRows];
  const Input* x[kPackedTokens];
  for (std::size_t i = 0; i < n_tokens * kRows; ++i) totals[i] = 0;
  for (std::size_t t = 0; t < n_tokens; ++t) {
    x[t] = reinterpret_cast<const Input*>(args.x + (token + t) * args.x_row_bytes);
  }
  const std::byte* unit = args.w + group * args.row_bytes;
  for (std::size_t u = 0; u < packed_units(args.n_cols); ++u) {
    const std::size_t n_groups = packed_unit_groups(args.n_cols, u);
    const std::size_t bytes = packed_unit_bytes<Format>(n_groups);
    for (std::size_t i = 0; i < kGroups; ++i) {
      const std::byte* at = unit + i * args.row_bytes;
      panel.template decode<O, Format>(at, n_groups, i);
      // What this place of the panel holds next comes from memory meanwhile.
      const bool is_last = u + 1 == packed_units(args.n_cols);
      const std::byte* next = is_last ? at + bytes + (kGroups - 1) * args.row_bytes : at + bytes;
      for (std::size_t line = 0; line < bytes; line += 64) __builtin_prefetch(next + line);
    }
    packed_tiles<O, Kind, O::kTileTokens>(panel, n_groups, x, n_tokens, totals);
    for (std::size_t t = 0; t < n_tokens; ++t) x[t] += n_groups;
    unit += bytes;
  }
  for (std::size_t t = 0; t < n_tokens; ++t) {
    store_rows(totals + t * kRows, group * kPackedRows, kRows, args, token + t);
  }
}

// Tokens [token, token + n_tokens) of groups [begin, end), one token after the other.
template <class O, class Format, class Input>
void packed_singles(const MatmulArgs& args, std::size_t begin, std::size_t end, std::size_t token,
                    std::size_t n_tokens) noexcept {
  for (std::size_t group = begin; group < end; ++group) {
    for (std::size_t t = token; t < token + n_tokens; ++t) {  // the later ones find the weights in the L1
      const auto* x = reinterpret_cast<const Input*>(args.x + t * args.x_row_bytes);
      float totals[kPackedRows];
      packed_single<O, Format, Input>(args.w + group * args.row_bytes, args.n_cols, x, totals);
      store_rows(totals, group * kPackedRows, kPackedRows, args, t);
    }
  }
}

// Up to here tokens are taken one by one: decoding into a panel pays from four on (Zen 5, Q4_K, ns for 32 weights and a
// token: one by one 0.39, two in a panel 0.48, four 0.35; exact 0.62, 0.91, 0.58).
inline constexpr std::size_t kPackedSingles = 3;

// args.w: packed groups of rows, args.row_bytes apart. Rows of a group that are not in the range are computed, not
// stored.
template <class O, class Format, class Input>
void packed_matmul(const MatmulArgs& args) noexcept {
  if (args.row_begin >= args.row_end) return;
  const std::size_t begin = args.row_begin / kPackedRows, end = (args.row_end + kPackedRows - 1) / kPackedRows;
  if (args.n_tokens <= kPackedSingles) return packed_singles<O, Format, Input>(args, begin, end, 0, args.n_tokens);
  // Tiles have an even number of tokens and all groups of a panel; what is left is single.
  const std::size_t n_even = args.n_tokens / 2 * 2, tiled = begin + (end - begin) / O::kTileGroups * O::kTileGroups;
  for (std::size_t token = 0; token < n_even; token += kPackedTokens) {
    const std::size_t n = n_even - token < kPackedTokens ? n_even - token : kPackedTokens;
    for (std::size_t group = begin; group < tiled; group += O::kTileGroups) {
      packed_panels<O, Format, Input>(args, group, token, n);
    }
  }
  packed_singles<O, Format, Input>(args, begin, tiled, n_even, args.n_tokens - n_even);
  packed_singles<O, Format, Input>(args, tiled, end, 0, args.n_tokens);
}

}  // namespace
}  // namespace quern::kernels
