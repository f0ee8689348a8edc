// From the file's rows of blocks to packed ones (packed/layout.hpp). Reads whole blocks of the rows that exist and
// writes whole groups of rows. Threads: any number on disjoint groups.
#pragma once

#include "kernels/cpu/packed/formats.hpp"

namespace quern::kernels {
namespace {

inline void store_half(std::byte* to, std::uint16_t half) noexcept {
  __builtin_memcpy(to, &half, sizeof half);
}
inline std::uint16_t half_of(const std::uint8_t (&bytes)[2]) noexcept {
  return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
}

// The scales of row r of a unit. block: its first block there.
template <class Format>
void pack_scales(const typename Format::Block* block, std::size_t r, std::size_t n_groups, std::byte* unit) noexcept {
  if constexpr (Format::kByteScales) {
    store_half(unit + 2 * r, half_of(block->d));
    if constexpr (Format::kMins != 0) store_half(unit + 2 * (kPackedRows + r), half_of(block->dmin));
    std::uint8_t scales[16], mins[8];
    Format::scales(*block, scales, mins);
    for (std::size_t s = 0; s < kPackedUnitGroups * Format::kSubs; ++s) {
      unit[Format::kScalesAt + s * kPackedRows + r] = std::byte{scales[s]};
    }
    for (std::size_t g = 0; Format::kMins == 1 && g < kPackedUnitGroups; ++g) {
      unit[Format::kMinsAt + g * kPackedRows + r] = std::byte{mins[g]};
    }
  } else {
    for (std::size_t g = 0; g < n_groups; ++g) {
      store_half(unit + 2 * (g * kPackedRows + r), Format::scale(block[g]));
      if constexpr (Format::kMins != 0) {
        store_half(unit + 2 * ((n_groups + g) * kPackedRows + r), Format::min(block[g]));
      }
    }
  }
}

// One group of 32 columns: codes[row][kPackedUnit] to the planes of Format::Codes.
template <class Codes>
void pack_codes(const std::uint8_t (*codes)[kPackedUnit], std::size_t column, std::byte* out) noexcept {
  alignas(64) std::uint8_t quads[8][kPackedVector];
  for (std::size_t r = 0; r < kPackedRows; ++r) {
    for (std::size_t q = 0; q < 8; ++q) __builtin_memcpy(quads[q] + 4 * r, codes[r] + column + 4 * q, 4);
  }
  if constexpr (Codes::kHasBytes) __builtin_memcpy(out, quads, sizeof quads);
  auto* to = reinterpret_cast<std::uint8_t*>(out);
  for (std::size_t v = 0; Codes::kHasNibbles && v < 4; ++v) {
    for (std::size_t i = 0; i < kPackedVector; ++i) {
      to[kPackedVector * v + i] = static_cast<std::uint8_t>((quads[v][i] & 15) | quads[v + 4][i] << 4);
    }
  }
  for (std::size_t h = 0; Codes::kHasPairs && h < 2; ++h) {
    for (std::size_t i = 0; i < kPackedVector; ++i) {
      int all = 0;
      for (std::size_t j = 0; j < 4; ++j) all |= ((quads[4 * h + j][i] >> Codes::kPairsShift) & 3) << (2 * j);
      to[Codes::kPairsAt + kPackedVector * h + i] = static_cast<std::uint8_t>(all);
    }
  }
  if constexpr (Codes::kHasBits) {
    for (std::size_t i = 0; i < kPackedVector; ++i) {
      int all = 0;
      for (std::size_t q = 0; q < 8; ++q) all |= ((quads[q][i] >> Codes::kBitsShift) & 1) << q;
      to[Codes::kBitsAt + i] = static_cast<std::uint8_t>(all);
    }
  }
}

// Rows [0, n_rows) of at most kPackedRows, row_bytes apart, to one packed group.
template <class Format>
void pack_rows(const std::byte* rows, std::size_t row_bytes, std::size_t n_rows, std::size_t n_cols,
               std::byte* out) noexcept {
  using Block = typename Format::Block;
  std::uint8_t codes[kPackedRows][kPackedUnit];
  __builtin_memset(codes, 0, sizeof codes);  // what is behind the last row has scales of zero
  for (std::size_t u = 0; u < packed_units(n_cols); ++u) {
    const std::size_t n_groups = packed_unit_groups(n_cols, u);
    __builtin_memset(out, 0, Format::header_bytes(n_groups));
    for (std::size_t r = 0; r < n_rows; ++r) {
      const auto* blocks =
          reinterpret_cast<const Block*>(rows + r * row_bytes) + u * kPackedUnit / Format::kBlockValues;
      for (std::size_t b = 0; b < n_groups * kPackedGroup / Format::kBlockValues; ++b) {
        Format::unpack(blocks[b], codes[r] + b * Format::kBlockValues);
      }
      pack_scales<Format>(blocks, r, n_groups, out);
    }
    out += Format::header_bytes(n_groups);
    for (std::size_t g = 0; g < n_groups; ++g, out += Format::Codes::kBytes) {
      pack_codes<typename Format::Codes>(codes, g * kPackedGroup, out);
    }
  }
}

// PackedKernel::pack.
template <class Format>
void pack_groups(const std::byte* w, std::size_t row_bytes, std::size_t n_rows, std::size_t n_cols, std::size_t begin,
                 std::size_t end, std::byte* out) noexcept {
  for (std::size_t g = begin; g < end; ++g, out += packed_group_bytes<Format>(n_cols)) {
    const std::size_t row = g * kPackedRows, left = n_rows - row;
    pack_rows<Format>(w + row * row_bytes, row_bytes, left < kPackedRows ? left : kPackedRows, n_cols, out);
  }
}

}  // namespace
}  // namespace quern::kernels
