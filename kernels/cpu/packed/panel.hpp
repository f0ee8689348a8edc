// Packed products of many tokens: a unit of some groups of rows is decoded once into a scratch of the size of L1 and
// used for tile after tile of tokens.
#pragma once

#include "kernels/cpu/packed/dots.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kPackedTokens = 64;  // at once: their sums stay in the L1

// kGroupCount groups of rows, one unit of columns: codes as bytes, or as words less their offset.
template <std::size_t kGroupCount, bool kHasWords>
struct PackedPanel {
  static constexpr std::size_t kGroups = kGroupCount, kRows = kGroups * kPackedRows;
  static constexpr bool kWords = kHasWords;
  static constexpr std::size_t kQuads = kPackedUnit / 4, kVectors = kWords ? 2 : 1;  // of a quad: even, odd columns
  alignas(64) std::byte codes[kQuads][kVectors][kGroups * kPackedVector];
  alignas(64) float scales[2 * kPackedUnitGroups][kRows], mins[2 * kPackedUnitGroups][kRows];

  template <class O, class Format>
  void decode(const std::byte* unit, std::size_t n_groups, std::size_t group) noexcept {
    constexpr std::size_t H = kHalves<O>;
    const typename O::I table = code_table<O, Format>();
    const std::byte* from = unit + Format::header_bytes(n_groups);
    for (std::size_t g = 0; g < n_groups; ++g, from += Format::Codes::kBytes) {
      for (std::size_t h = 0; h < H; ++h) {
        const std::size_t at = group * kPackedVector + h * (kPackedVector / H);
        decode_step<O, Format, 0>(from, table, g, h, at);
        decode_step<O, Format, 1>(from, table, g, h, at);
        decode_step<O, Format, 2>(from, table, g, h, at);
        decode_step<O, Format, 3>(from, table, g, h, at);
      }
    }
    for (std::size_t h = 0; h < H; ++h) {
      const PackedUnitScales<O, Format> of(unit, n_groups, h);
      const std::size_t row = group * kPackedRows + h * O::kLanes;
      for (std::size_t g = 0; g < n_groups; ++g) {
        for (std::size_t s = 0; s < Format::kSubs; ++s) O::store_f(scales[g * Format::kSubs + s] + row, of.scale(g, s));
        for (std::size_t s = 0; s < Format::kMins; ++s) O::store_f(mins[g * Format::kMins + s] + row, of.min(g, s));
      }
    }
  }

 private:
  template <class O, class Format, int v>
  void decode_step(const std::byte* from, typename O::I table, std::size_t g, std::size_t h, std::size_t at) noexcept {
    typename O::I low, high;
    decode_quads<O, Format, v>(from + h * (kPackedVector / kHalves<O>), table, low, high);
    store<O, Format>(8 * g + v, at, low);
    store<O, Format>(8 * g + v + 4, at, high);
  }
  template <class O, class Format>
  void store(std::size_t quad, std::size_t at, typename O::I value) noexcept {
    if constexpr (kWords) {
      typename O::I even, odd;
      O::words(value, Format::kZero, even, odd);
      O::store(codes[quad][0] + at, even);
      O::store(codes[quad][1] + at, odd);
    } else {
      O::store(codes[quad][0] + at, value);
    }
  }
};

// One sub-block of a group of columns: all rows of the panel, kTokens tokens.
template <class O, class Kind, class Panel, class Input, std::size_t kTokens>
struct PackedTile {
  using I = typename O::I;
  using F = typename O::F;
  static constexpr std::size_t R = Panel::kGroups * kHalves<O>, kQuads = 8 / Kind::kSubs;

  const Panel& panel;
  const Input* const* x;
  I sums[R][kTokens];

  I weights(std::size_t r, std::size_t quad, std::size_t vector = 0) const noexcept {
    return O::load(panel.codes[quad][vector] + r * (kPackedVector / kHalves<O>));
  }

  // Unsigned codes (or signed ones, where that is the kind) times planes of bytes, to 32 bits at once.
  void add_dots(std::size_t g, std::size_t s) noexcept {
#pragma GCC unroll kPackedUnroll
    for (std::size_t p = 0; p < Input::kPlanes; ++p) {
      for (std::size_t t = 0; t < kTokens; ++t) {
        const I start = p == Input::kPlanes - 1 ? offset_of<O, Kind>(x[t][g], s) : O::zero();
        for (std::size_t r = 0; r < R; ++r) {
          sums[r][t] = p == 0 ? start : O::add32(O::template left32<7>(sums[r][t]), start);
        }
      }
#pragma GCC unroll kPackedUnroll
      for (std::size_t q = s * kQuads; q < (s + 1) * kQuads; ++q) {
        I w[R];
        for (std::size_t r = 0; r < R; ++r) w[r] = weights(r, 8 * g + q);
        for (std::size_t t = 0; t < kTokens; ++t) {
          const I four = broadcast_quad<O>(x[t][g], p, q);
          for (std::size_t r = 0; r < R; ++r) {
            if constexpr (O::kDots) {
              sums[r][t] = O::dot(sums[r][t], w[r], four);
            } else {
              sums[r][t] = O::dot_signed(sums[r][t], w[r], four);
            }
          }
        }
      }
    }
  }

  // Through sums of 16 bits, as many products as fit. One plane.
  void add_chains(std::size_t g, std::size_t s) noexcept {
    constexpr std::size_t kChain = Kind::kChain < kQuads ? Kind::kChain : kQuads;
    const std::size_t first = s * kQuads;
#pragma GCC unroll kPackedUnroll
    for (std::size_t c = 0; c < kQuads; c += kChain) {
      I narrow[R][kTokens];
#pragma GCC unroll kPackedUnroll
      for (std::size_t i = 0; i < kChain; ++i) {
        I w[R];
        for (std::size_t r = 0; r < R; ++r) w[r] = weights(r, 8 * g + first + c + i);
        for (std::size_t t = 0; t < kTokens; ++t) {
          const I four = broadcast_quad<O>(x[t][g], 0, first + c + i);
          for (std::size_t r = 0; r < R; ++r) {
            narrow[r][t] = i == 0 ? O::pairs(w[r], four) : O::add16(narrow[r][t], O::pairs(w[r], four));
          }
        }
      }
      for (std::size_t t = 0; t < kTokens; ++t) {
        for (std::size_t r = 0; r < R; ++r) {
          sums[r][t] = c == 0 ? O::widen(narrow[r][t]) : O::add32(sums[r][t], O::widen(narrow[r][t]));
        }
      }
    }
    if constexpr (Kind::kZero != 0) {
      for (std::size_t t = 0; t < kTokens; ++t) {
        const I offset = offset_of<O, Kind>(x[t][g], s);
        for (std::size_t r = 0; r < R; ++r) sums[r][t] = O::add32(sums[r][t], offset);
      }
    }
  }

  // Words times words.
  void add_words(std::size_t g, std::size_t s) noexcept {
#pragma GCC unroll kPackedUnroll
    for (std::size_t q = s * kQuads; q < (s + 1) * kQuads; ++q) {
#pragma GCC unroll kPackedUnroll
      for (std::size_t v = 0; v < 2; ++v) {
        I w[R];
        for (std::size_t r = 0; r < R; ++r) w[r] = weights(r, 8 * g + q, v);
        for (std::size_t t = 0; t < kTokens; ++t) {
          std::int32_t both;
          __builtin_memcpy(&both, x[t][g].words + 4 * q + 2 * v, sizeof both);
          const I two = O::set1(both);
          for (std::size_t r = 0; r < R; ++r) {
            const bool first = q == s * kQuads && v == 0;
            sums[r][t] = first ? O::multiply_words(w[r], two) : O::add_words(sums[r][t], w[r], two);
          }
        }
      }
    }
  }

  // totals[token][row] += the products of group g.
  void add_group(std::size_t g, float* totals) noexcept {
    F part[R][kTokens];
#pragma GCC unroll kPackedUnroll
    for (std::size_t s = 0; s < Kind::kSubs; ++s) {
      if constexpr (Panel::kWords) {
        add_words(g, s);
      } else if constexpr (O::kDots || Kind::kSigned) {
        add_dots(g, s);
      } else {
        add_chains(g, s);
      }
      for (std::size_t r = 0; r < R; ++r) {
        const F scale = O::load_f(panel.scales[g * Kind::kSubs + s] + r * O::kLanes);
        for (std::size_t t = 0; t < kTokens; ++t) {
          const F sum = O::floats(sums[r][t]);
          part[r][t] = s == 0 ? O::mul(sum, scale) : O::fma(sum, scale, part[r][t]);
        }
      }
    }
    for (std::size_t t = 0; t < kTokens; ++t) {
      for (std::size_t r = 0; r < R; ++r) {
        float* const at = totals + t * Panel::kRows + r * O::kLanes;
        F total = O::fma(part[r][t], O::set1_f(x[t][g].scale), O::load_f(at));
        const auto min = [&](std::size_t s) { return O::load_f(panel.mins[g * Kind::kMins + s] + r * O::kLanes); };
        if constexpr (Kind::kMins == 1) total = O::fnma(min(0), O::set1_f(x[t][g].sum32), total);
        if constexpr (Kind::kMins == 2) {
          total = O::fnma(min(0), O::set1_f(x[t][g].sum16[0]), total);
          total = O::fnma(min(1), O::set1_f(x[t][g].sum16[1]), total);
        }
        O::store_f(at, total);
      }
    }
  }
};

// totals[token][row] += the products of groups of columns [0, n_groups) of the panel; kTokens tokens, all rows.
// REQUIRES: x[t] are the first of these groups of columns.
template <class O, class Kind, class Panel, class Input, std::size_t kTokens>
void packed_tile(const Panel& panel, std::size_t n_groups, const Input* const* x, float* totals) noexcept {
  for (std::size_t g = 0; g < n_groups; ++g) {
    PackedTile<O, Kind, Panel, Input, kTokens> tile{panel, x, {}};
    tile.add_group(g, totals);
  }
}

// The same for an even number of tokens: tiles of kTokens, then of half as many, down to two.
template <class O, class Kind, std::size_t kTokens, class Panel, class Input>
void packed_tiles(const Panel& panel, std::size_t n_groups, const Input* const* x, std::size_t n_tokens,
                  float* totals) noexcept {
  std::size_t t = 0;
  for (; t + kTokens <= n_tokens; t += kTokens) {
    packed_tile<O, Kind, Panel, Input, kTokens>(panel, n_groups, x + t, totals + t * Panel::kRows);
  }
  if constexpr (kTokens > 2) {
    packed_tiles<O, Kind, kTokens / 2>(panel, n_groups, x + t, n_tokens - t, totals + t * Panel::kRows);
  }
}

}  // namespace
}  // namespace quern::kernels
