// Weights in our own order, for products that work on many rows at once: kPackedRows rows are interleaved, so that one
// vector holds the same four columns of each of them, scales are vectors of rows, and one broadcast of activations
// feeds all rows. The same on every tier with vectors of 32 or 64 bytes.
//   matrix: groups of kPackedRows rows (the last one padded with zero weights), packed_group_bytes() each
//   group of rows: units of 256 columns (the last one of a row may have fewer groups of 32)
//   unit: the formats' scales (packed/formats.hpp says how), then the codes of its groups of 32 columns
//   codes of a group of 32: quads 0 to 7 of four columns each, one lane of four bytes per row:
//     nibbles   four vectors of 64 bytes; vector v: quad v in the low halves of its bytes, quad v + 4 in the high ones
//     pairs     two vectors: quad 4 h + i is bits 2 i and 2 i + 1 of vector h
//     bits      one vector: quad i is bit i
//     bytes     eight vectors: quad i is vector i
//   where a format has several of these, they follow each other in this order, the lower bits of a code first.
// Plain C++ with internal linkage, as everything in this folder: each tier compiles its own copy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {
namespace {

inline constexpr std::size_t kPackedRows = 16, kPackedUnit = 256, kPackedGroup = 32;
inline constexpr std::size_t kPackedUnitGroups = kPackedUnit / kPackedGroup;
inline constexpr std::size_t kPackedVector = 64;  // four bytes for each of the rows

// How the codes of a group are stored; kBytes: of one group of 32 columns of all rows.
template <bool kNibbles, bool kPairs, bool kBits, bool kWhole>
struct PackedCodes {
  static constexpr bool kHasNibbles = kNibbles, kHasPairs = kPairs, kHasBits = kBits, kHasBytes = kWhole;
  static constexpr std::size_t kPairsAt = kNibbles ? 4 * kPackedVector : 0;
  static constexpr std::size_t kBitsAt = kPairsAt + (kPairs ? 2 * kPackedVector : 0);
  static constexpr std::size_t kBytes = kWhole ? 8 * kPackedVector : kBitsAt + (kBits ? kPackedVector : 0);
  // Of the first of the higher planes within a code.
  static constexpr int kPairsShift = kNibbles ? 4 : 0, kBitsShift = kPairsShift + (kPairs ? 2 : 0);
};
using CodesOf2 = PackedCodes<false, true, false, false>;
using CodesOf3 = PackedCodes<false, true, true, false>;
using CodesOf4 = PackedCodes<true, false, false, false>;
using CodesOf5 = PackedCodes<true, false, true, false>;
using CodesOf6 = PackedCodes<true, true, false, false>;
using CodesOf8 = PackedCodes<false, false, false, true>;

inline constexpr std::size_t packed_units(std::size_t n_cols) noexcept {
  return (n_cols + kPackedUnit - 1) / kPackedUnit;
}
// Groups of 32 columns of unit u.
inline constexpr std::size_t packed_unit_groups(std::size_t n_cols, std::size_t u) noexcept {
  const std::size_t left = n_cols - u * kPackedUnit;
  return (left < kPackedUnit ? left : kPackedUnit) / kPackedGroup;
}
template <class Format>
constexpr std::size_t packed_unit_bytes(std::size_t n_groups) noexcept {
  return Format::header_bytes(n_groups) + n_groups * Format::Codes::kBytes;
}
template <class Format>
constexpr std::size_t packed_group_bytes(std::size_t n_cols) noexcept {
  const std::size_t whole = n_cols / kPackedUnit, rest = n_cols % kPackedUnit / kPackedGroup;
  return whole * packed_unit_bytes<Format>(kPackedUnitGroups) + (rest > 0 ? packed_unit_bytes<Format>(rest) : 0);
}

}  // namespace
}  // namespace quern::kernels
