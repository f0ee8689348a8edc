// Codes and scales of packed units (packed/layout.hpp) in registers.
#pragma once

#include "kernels/cpu/packed/formats.hpp"

namespace quern::kernels {
namespace {

template <class O>
inline constexpr std::size_t kHalves = kPackedRows / O::kLanes;  // vectors for all rows

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(QUERN_EMULATE_AVX512)
inline constexpr int kPackedUnroll = 1;  // unrolled code with checks or emulation takes minutes to compile
#else
inline constexpr int kPackedUnroll = 16;
#endif

template <class O, int kShift>
typename O::I shifted16(typename O::I v) noexcept {
  if constexpr (kShift > 0) return O::template left16<kShift>(v);
  if constexpr (kShift < 0) return O::template right16<-kShift>(v);
  return v;
}

template <class O, class Format>
typename O::I code_table() noexcept {
  if constexpr (Format::kTable) {
    alignas(16) std::uint8_t table[16];
    for (std::size_t i = 0; i < 16; ++i) table[i] = Format::table(i);
    return O::table(table);
  } else {
    return O::zero();
  }
}

// Quads v and v + 4 of a group, for the rows of one half. codes: the group's, at that half.
template <class O, class Format, int v>
void decode_quads(const std::byte* codes, typename O::I table, typename O::I& low, typename O::I& high) noexcept {
  using Codes = typename Format::Codes;
  const auto at = [codes](std::size_t offset) { return O::load(codes + offset); };
  if constexpr (Codes::kHasBytes) {
    low = at(v * kPackedVector);
    high = at((v + 4) * kPackedVector);
  }
  if constexpr (Codes::kHasNibbles) {
    const typename O::I both = at(v * kPackedVector), mask = O::bytes(15);
    low = O::and_(both, mask);
    high = O::and_(O::template right16<4>(both), mask);
  }
  if constexpr (Codes::kHasPairs) {
    constexpr int shift = Codes::kPairsShift;
    const typename O::I mask = O::bytes(3 << shift);
    const typename O::I a = O::and_(shifted16<O, shift - 2 * v>(at(Codes::kPairsAt)), mask);
    const typename O::I b = O::and_(shifted16<O, shift - 2 * v>(at(Codes::kPairsAt + kPackedVector)), mask);
    low = Codes::kHasNibbles ? O::or_(low, a) : a;
    high = Codes::kHasNibbles ? O::or_(high, b) : b;
  }
  if constexpr (Codes::kHasBits) {
    constexpr int shift = Codes::kBitsShift;
    const typename O::I bits = at(Codes::kBitsAt), mask = O::bytes(1 << shift);
    low = O::or_(low, O::and_(shifted16<O, shift - v>(bits), mask));
    high = O::or_(high, O::and_(shifted16<O, shift - v - 4>(bits), mask));
  }
  if constexpr (Format::kTable) {
    low = O::look_up(table, low);
    high = O::look_up(table, high);
  }
}

// What a unit's scales are multiplied with, for the rows of one half.
template <class O, class Format>
struct PackedUnitScales {
  using F = typename O::F;
  const std::byte* unit;
  std::size_t n_groups, half;
  F d, dmin;

  PackedUnitScales() = default;
  PackedUnitScales(const std::byte* at, std::size_t groups, std::size_t which) noexcept
      : unit(at), n_groups(groups), half(which) {
    if constexpr (Format::kByteScales) {
      d = O::from_halves(unit + 2 * O::kLanes * half);
      if constexpr (Format::kMins != 0) dmin = O::from_halves(unit + 2 * (kPackedRows + O::kLanes * half));
    }
  }
  // S of sub-block s of group g.
  F scale(std::size_t g, std::size_t s) const noexcept {
    if constexpr (Format::kByteScales) {
      const std::byte* p = unit + Format::kScalesAt + (g * Format::kSubs + s) * kPackedRows + O::kLanes * half;
      if constexpr (Format::kNibbleScales) return O::mul(O::from_low_nibbles(p), d);
      if constexpr (Format::kSignedScales) return O::mul(O::from_i8(p), d);
      return O::mul(O::from_u8(p), d);
    } else {
      const std::byte* p = unit + 2 * (g * kPackedRows + O::kLanes * half);
      if constexpr (Format::kBf16) return O::from_bf16(p);
      return O::from_halves(p);
    }
  }
  // M of sub-block s of group g.
  F min(std::size_t g, std::size_t s) const noexcept {
    if constexpr (Format::kByteScales && Format::kMins == 2) {
      const std::byte* p = unit + Format::kScalesAt + (2 * g + s) * kPackedRows + O::kLanes * half;
      return O::mul(O::from_high_nibbles(p), dmin);
    } else if constexpr (Format::kByteScales) {
      return O::mul(O::from_u8(unit + Format::kMinsAt + g * kPackedRows + O::kLanes * half), dmin);
    } else {
      return O::from_halves(unit + 2 * ((n_groups + g) * kPackedRows + O::kLanes * half));
    }
  }
};

}  // namespace
}  // namespace quern::kernels
