// Packed products of one token: codes go from memory to registers and are used at once.
#pragma once

#include "kernels/cpu/packed/dots.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

// Sums of one group, all rows, one token: codes of quads v and v + 4 are added as they come.
template <class O, class Format, class Input>
struct PackedGroupSums {
  using I = typename O::I;
  using Kind = PackedKindOf<O, Format>;
  static constexpr std::size_t H = kHalves<O>, kSubs = Kind::kSubs, kPlanes = Input::kPlanes;
  static constexpr std::size_t kLanesOfSums = Kind::kChain == 8 && kSubs == 1 ? 1 : 2;  // low and high quads apart

  I wide[kPlanes][kSubs][H];           // 32 bits
  I narrow[kPlanes][kLanesOfSums][H];  // 16 bits, where there are pairs

  void add(std::size_t h, std::size_t side, int v, I codes, const I (&x)[kPlanes]) noexcept {
    const std::size_t s = kSubs == 2 ? side : 0;
    for (std::size_t p = 0; p < kPlanes; ++p) {
      if constexpr (O::kDots) {
        wide[p][s][h] = O::dot(wide[p][s][h], codes, x[p]);
      } else if constexpr (Kind::kSigned) {
        wide[p][s][h] = O::dot_signed(wide[p][s][h], codes, x[p]);
      } else {
        constexpr int kSteps = Kind::kChain < 4 ? static_cast<int>(Kind::kChain) : 4;
        const std::size_t lane = kLanesOfSums == 2 ? side : 0;
        I& sum = narrow[p][lane][h];
        const bool first = v % kSteps == 0 && (kLanesOfSums == 2 || side == 0);
        sum = first ? O::pairs(codes, x[p]) : O::add16(sum, O::pairs(codes, x[p]));
        const bool last = v % kSteps == kSteps - 1 && (kLanesOfSums == 2 || side == 1);
        if (last) wide[p][s][h] = O::add32(wide[p][s][h], O::widen(sum));
      }
    }
  }

  template <int v>
  void step(const std::byte* codes, I table, const Input& x) noexcept {
    I low_x[kPlanes], high_x[kPlanes];
    for (std::size_t p = 0; p < kPlanes; ++p) {
      low_x[p] = broadcast_quad<O>(x, p, v);
      high_x[p] = broadcast_quad<O>(x, p, v + 4);
    }
    for (std::size_t h = 0; h < H; ++h) {
      I low, high;
      decode_quads<O, Format, v>(codes + h * (kPackedVector / H), table, low, high);
      add(h, 0, v, low, low_x);
      add(h, 1, v, high, high_x);
    }
  }

  void run(const std::byte* codes, I table, const Input& x) noexcept {
    for (std::size_t h = 0; h < H; ++h) {
      for (std::size_t s = 0; s < kSubs; ++s) {
        wide[kPlanes - 1][s][h] = offset_of<O, Kind>(x, s);
        if constexpr (kPlanes == 2) wide[0][s][h] = O::zero();
      }
    }
    step<0>(codes, table, x);
    step<1>(codes, table, x);
    step<2>(codes, table, x);
    step<3>(codes, table, x);
  }
  void get(std::size_t h, I (&sums)[kSubs]) const noexcept {
    for (std::size_t s = 0; s < kSubs; ++s) {
      sums[s] = wide[kPlanes - 1][s][h];
      if constexpr (kPlanes == 2) sums[s] = O::add32(sums[s], O::template left32<7>(wide[0][s][h]));
    }
  }
};

// Far enough for memory to answer; one line.
inline void prefetch_packed(const std::byte* at) noexcept {
  constexpr std::size_t kAhead = 4096;
  __builtin_prefetch(at + kAhead);
}

// totals[row] of one group of rows and one token.
template <class O, class Format, class Input>
void packed_single(const std::byte* unit, std::size_t n_cols, const Input* x, float* totals) noexcept {
  using Kind = PackedKindOf<O, Format>;
  constexpr std::size_t H = kHalves<O>;
  const typename O::I table = code_table<O, Format>();
  typename O::F total[H];
  for (auto& sum : total) sum = O::zero_f();
  for (std::size_t u = 0; u < packed_units(n_cols); ++u) {
    const std::size_t n_groups = packed_unit_groups(n_cols, u);
    PackedUnitScales<O, Format> scales[H];
    for (std::size_t h = 0; h < H; ++h) scales[h] = {unit, n_groups, h};
    const std::byte* codes = unit + Format::header_bytes(n_groups);
    for (std::size_t g = 0; g < n_groups; ++g, codes += Format::Codes::kBytes, ++x) {
      for (std::size_t i = 0; i < Format::Codes::kBytes; i += 64) prefetch_packed(codes + i);
      PackedGroupSums<O, Format, Input> group;
      group.run(codes, table, *x);
      for (std::size_t h = 0; h < H; ++h) {
        typename O::I sums[Kind::kSubs];
        typename O::F s[Kind::kSubs], m[Kind::kMins + 1];
        group.get(h, sums);
        for (std::size_t i = 0; i < Kind::kSubs; ++i) s[i] = scales[h].scale(g, i);
        for (std::size_t i = 0; i < Kind::kMins; ++i) m[i] = scales[h].min(g, i);
        total[h] = scale_sums<O, Kind>(sums, s, m, *x, total[h]);
      }
    }
    unit = codes;
  }
  for (std::size_t h = 0; h < H; ++h) O::storeu_f(totals + h * O::kLanes, total[h]);
}

}  // namespace
}  // namespace quern::kernels
