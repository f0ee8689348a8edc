// The formats with codebooks of points (kernels/quant/iq_grids.hpp) as block_formats.hpp describes: four points of 8 or
// eight of 4 bytes are looked up for a group of 32 values, and signs applied. The scale of a sub-block is
// (code + 0.5) * d * F with an F of the format's own: here the integer 2 * code + 1 and d * F / 2. Layouts:
// kernels/quant/<type>.hpp.
#pragma once

#include "kernels/cpu/neon/block_formats.hpp"
#include "kernels/quant/iq1_m.hpp"
#include "kernels/quant/iq1_s.hpp"
#include "kernels/quant/iq2_s.hpp"
#include "kernels/quant/iq2_xs.hpp"
#include "kernels/quant/iq2_xxs.hpp"
#include "kernels/quant/iq3_s.hpp"
#include "kernels/quant/iq3_xxs.hpp"
#include "kernels/quant/iq_grids.hpp"

namespace quern::kernels {
namespace {

// The points index(0) .. index(32 / kValues - 1) one behind the other.
template <std::size_t kPoints, std::size_t kValues, class Index>
inline Codes points_of(const IqGrid<kPoints, kValues>& grid, Index index) noexcept {
  alignas(16) std::int8_t bytes[32];
#pragma GCC unroll 8
  for (unsigned l = 0; l < 32 / kValues; ++l) __builtin_memcpy(bytes + kValues * l, grid.points[index(l)], kValues);
  return {vld1q_s8(bytes), vld1q_s8(bytes + 16)};
}

// Four times seven signs, one in each byte: the eighth is their parity. Bits that a shift brings in from the next byte
// stay above the one that is kept.
inline std::uint32_t with_parity(std::uint32_t sevens) noexcept {
  std::uint32_t folded = sevens ^ sevens >> 4;
  folded ^= folded >> 2;
  folded ^= folded >> 1;
  return sevens | (folded & 0x01010101u) << 7;
}
// The same from the low 28 bits of a word.
inline std::uint32_t signs_of_28(std::uint32_t word) noexcept {
  return with_parity((word & 0x7fu) | (word << 1 & 0x7f00u) | (word << 2 & 0x7f0000u) | (word << 3 & 0x7f000000u));
}

inline std::int8_t odd_scale(std::uint32_t code) noexcept {
  return static_cast<std::int8_t>(2 * code + 1);
}
// The halves of n bytes as scales, low half first.
inline void set_scales(const std::uint8_t* codes, std::size_t n, BlockFields& fields) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    fields.scales[2 * i] = odd_scale(codes[i] & 15u);
    fields.scales[2 * i + 1] = odd_scale(codes[i] >> 4);
  }
}

template <class Block, std::size_t kValuesOfScale>
struct GridFormat {
  using BlockType = Block;
  static constexpr std::size_t kScaleValues = kValuesOfScale, kMins = 0;
};

struct FormatIq2Xxs : GridFormat<BlockIq2Xxs, 32> {
  static void open(const BlockIq2Xxs& block, BlockFields& fields) noexcept {
    for (std::size_t g = 0; g < 8; ++g) fields.scales[g] = odd_scale(word_at(block.sub[g].word) >> 28);
    fields.d = f16_at(block.d) * 0.125f;
  }
  static Codes group(const BlockIq2Xxs& block, std::size_t g) noexcept {
    const auto& sub = block.sub[g];
    return with_signs(points_of(kGridIq2Xxs, [&](unsigned l) { return sub.index[l]; }), signs_of_28(word_at(sub.word)));
  }
};

struct FormatIq2Xs : GridFormat<BlockIq2Xs, 16> {
  static void open(const BlockIq2Xs& block, BlockFields& fields) noexcept {
    set_scales(block.scales, 8, fields);
    fields.d = f16_at(block.d) * 0.125f;
  }
  static Codes group(const BlockIq2Xs& block, std::size_t g) noexcept {
    const auto words = int_at<std::uint64_t>(block.words[4 * g]);
    const auto word = [&](unsigned l) { return static_cast<std::uint32_t>(words >> (16 * l)) & 0xffffu; };
    const std::uint32_t sevens = word(0) >> 9 | word(1) >> 9 << 8 | word(2) >> 9 << 16 | word(3) >> 9 << 24;
    return with_signs(points_of(kGridIq2Xs, [&](unsigned l) { return word(l) & 511u; }), with_parity(sevens));
  }
};

struct FormatIq2S : GridFormat<BlockIq2S, 16> {
  static void open(const BlockIq2S& block, BlockFields& fields) noexcept {
    set_scales(block.scales, 8, fields);
    fields.d = f16_at(block.d) * 0.125f;
  }
  static Codes group(const BlockIq2S& block, std::size_t g) noexcept {
    const unsigned high = block.high[g];
    const auto index = [&](unsigned l) { return block.low[4 * g + l] | (high >> (2 * l) & 3u) << 8; };
    return with_signs(points_of(kGridIq2S, index), word_at(block.signs + 4 * g));
  }
};

struct FormatIq3Xxs : GridFormat<BlockIq3Xxs, 32> {
  static void open(const BlockIq3Xxs& block, BlockFields& fields) noexcept {
    for (std::size_t g = 0; g < 8; ++g) fields.scales[g] = odd_scale(word_at(block.words[g]) >> 28);
    fields.d = f16_at(block.d) * 0.25f;
  }
  static Codes group(const BlockIq3Xxs& block, std::size_t g) noexcept {
    return with_signs(points_of(kGridIq3Xxs, [&](unsigned i) { return block.index[8 * g + i]; }),
                      signs_of_28(word_at(block.words[g])));
  }
};

struct FormatIq3S : GridFormat<BlockIq3S, 32> {
  static void open(const BlockIq3S& block, BlockFields& fields) noexcept {
    set_scales(block.scales, 4, fields);
    fields.d = f16_at(block.d);
  }
  static Codes group(const BlockIq3S& block, std::size_t g) noexcept {
    const unsigned high = block.high[g];
    const auto index = [&](unsigned i) { return block.low[8 * g + i] | (high >> i & 1u) << 8; };
    return with_signs(points_of(kGridIq3S, index), word_at(block.signs + 4 * g));
  }
};

// Points in eighths, moved by one eighth: the values of a point lie in one half of a register.
struct FormatIq1S : GridFormat<BlockIq1S, 32> {
  static void open(const BlockIq1S& block, BlockFields& fields) noexcept {
    for (std::size_t g = 0; g < 8; ++g) {
      fields.scales[g] = odd_scale(int_at<std::uint16_t>(block.words[g]) >> 12 & 7u);
    }
    fields.d = f16_at(block.d) * 0.125f;
  }
  static Codes group(const BlockIq1S& block, std::size_t g) noexcept {
    const unsigned word = int_at<std::uint16_t>(block.words[g]);
    const auto index = [&](unsigned l) { return block.low[4 * g + l] | (word >> (3 * l) & 7u) << 8; };
    return minus(points_of(kGridIq1, index), (word & 0x8000u) != 0 ? 1 : -1);
  }
};

struct FormatIq1M : GridFormat<BlockIq1M, 16> {
  static void open(const BlockIq1M& block, BlockFields& fields) noexcept {
    // Four words: four scales of 3 bits each, then a nibble of d.
    std::uint16_t d = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const unsigned word = int_at<std::uint16_t>(block.words[i]);
      for (std::size_t s = 0; s < 4; ++s) fields.scales[4 * i + s] = odd_scale(word >> (3 * s) & 7u);
      d = static_cast<std::uint16_t>(d | word >> 12 << (4 * i));
    }
    fields.d = f16_at(&d) * 0.125f;
  }
  static Codes group(const BlockIq1M& block, std::size_t g) noexcept {
    const unsigned high = int_at<std::uint16_t>(block.high + 2 * g);
    const Codes points =
        points_of(kGridIq1, [&](unsigned l) { return block.low[4 * g + l] | (high >> (4 * l) & 7u) << 8; });
    // Bit 4 l + 3 is the sign of the shift of point l.
    const auto shift = [&](unsigned l) { return vdup_n_s8((high >> (4 * l) & 8u) != 0 ? -1 : 1); };
    return {vaddq_s8(points.val[0], vcombine_s8(shift(0), shift(1))),
            vaddq_s8(points.val[1], vcombine_s8(shift(2), shift(3)))};
  }
};

}  // namespace
}  // namespace quern::kernels
