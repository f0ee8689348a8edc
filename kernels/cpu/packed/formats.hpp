// The block formats that can be packed (packed/layout.hpp): value = S * (code - zero) - M, where S and M hold for a
// row and a sub-block of 32 or 16 columns. A format has
//   Block            the file's block, of kBlockValues values
//   Codes            how its codes are stored; kMaxCode: the largest
//   kSubs            scales per group of 32: 1 or 2
//   kZero            the code of value 0; 0 where there are mins
//   kMins            mins per group of 32: 0, 1 or 2
//   kTable           codes are looked up in a table of 16 bytes, which is what kMaxCode and kZero are about
//   header_bytes(n_groups), a multiple of 64
//   unpack(block, codes): the codes of one block in order, before the look-up
// and stores its scales in one of two ways:
//   HalfScales  formats with a float scale for 32 values: 16 halves per group of columns (bf16 where kBf16), and as
//   many
//               for mins
//   ByteScales  formats of 256 values: 16 halves d; 16 halves dmin; then for each sub-block 16 bytes of scales
//               (signed or not), then 16 bytes of mins for each group. Where kNibbleScales, a scale and its min share
//               a byte.
#pragma once

#include "kernels/cpu/packed/layout.hpp"
#include "kernels/quant/e2m1_codebook.hpp"
#include "kernels/quant/iq4_codebook.hpp"
#include "kernels/quant/iq4_nl.hpp"
#include "kernels/quant/iq4_xs.hpp"
#include "kernels/quant/kquant_scales.hpp"
#include "kernels/quant/mxfp4.hpp"
#include "kernels/quant/q2_k.hpp"
#include "kernels/quant/q3_k.hpp"
#include "kernels/quant/q4_0.hpp"
#include "kernels/quant/q4_1.hpp"
#include "kernels/quant/q4_k.hpp"
#include "kernels/quant/q5_0.hpp"
#include "kernels/quant/q5_1.hpp"
#include "kernels/quant/q5_k.hpp"
#include "kernels/quant/q6_k.hpp"
#include "kernels/quant/q8_0.hpp"

namespace quern::kernels {
namespace {

inline void unpack_nibbles(const std::uint8_t* q, std::size_t n_bytes, std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < n_bytes; ++i) {
    out[i] = q[i] & 15;
    out[n_bytes + i] = static_cast<std::uint8_t>(q[i] >> 4);
  }
}
inline void add_fifth_bits(const std::uint8_t* high, std::uint8_t* codes) noexcept {
  for (std::size_t i = 0; i < 32; ++i) {
    codes[i] = static_cast<std::uint8_t>(codes[i] | ((high[i / 8] >> (i % 8)) & 1) << 4);
  }
}
inline void unpack_pairs(const std::uint8_t* q, std::uint8_t* out) noexcept {
  for (std::size_t g = 0; g < 8; ++g) {
    for (std::size_t i = 0; i < 32; ++i) {
      out[32 * g + i] = static_cast<std::uint8_t>((q[g / 4 * 32 + i] >> (2 * (g % 4))) & 3);
    }
  }
}

// ---- a float scale for 32 values ------------------------------------------------------------------------------------

template <class BlockType, class CodesType, int kMax, int kZeroCode, bool kHasMin>
struct PackedHalfScales {
  using Block = BlockType;
  using Codes = CodesType;
  static constexpr std::size_t kBlockValues = 32, kSubs = 1, kMins = kHasMin ? 1 : 0;
  static constexpr int kMaxCode = kMax, kZero = kZeroCode;
  static constexpr bool kByteScales = false, kBf16 = false, kTable = false;
  static constexpr std::size_t header_bytes(std::size_t n_groups) noexcept {
    return (n_groups * (1 + kMins) * 2 * kPackedRows + 63) / 64 * 64;
  }
  static std::uint16_t half(const std::uint8_t* bytes) noexcept {
    return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
  }
  static std::uint16_t scale(const Block& block) noexcept { return half(block.d); }
};

struct PackedQ4_0 : PackedHalfScales<BlockQ4_0, CodesOf4, 15, 8, false> {
  static void unpack(const Block& block, std::uint8_t* codes) noexcept { unpack_nibbles(block.q, 16, codes); }
};
struct PackedQ4_1 : PackedHalfScales<BlockQ4_1, CodesOf4, 15, 0, true> {
  // The file's minimum is added, ours subtracted.
  static std::uint16_t min(const Block& block) noexcept { return half(block.m) ^ 0x8000; }
  static void unpack(const Block& block, std::uint8_t* codes) noexcept { unpack_nibbles(block.q, 16, codes); }
};
struct PackedQ5_0 : PackedHalfScales<BlockQ5_0, CodesOf5, 31, 16, false> {
  static void unpack(const Block& block, std::uint8_t* codes) noexcept {
    unpack_nibbles(block.q, 16, codes);
    add_fifth_bits(block.high, codes);
  }
};
struct PackedQ5_1 : PackedHalfScales<BlockQ5_1, CodesOf5, 31, 0, true> {
  static std::uint16_t min(const Block& block) noexcept { return half(block.m) ^ 0x8000; }
  static void unpack(const Block& block, std::uint8_t* codes) noexcept {
    unpack_nibbles(block.q, 16, codes);
    add_fifth_bits(block.high, codes);
  }
};
struct PackedQ8_0 : PackedHalfScales<BlockQ8_0, CodesOf8, 255, 128, false> {
  static void unpack(const Block& block, std::uint8_t* codes) noexcept {
    for (std::size_t i = 0; i < 32; ++i) codes[i] = static_cast<std::uint8_t>(block.q[i]) ^ 0x80;
  }
};
struct PackedIq4Nl : PackedHalfScales<BlockIq4Nl, CodesOf4, 255, 128, false> {
  static constexpr bool kTable = true;
  static std::uint8_t table(std::size_t i) noexcept { return static_cast<std::uint8_t>(kIq4Codebook[i] + kZero); }
  static void unpack(const Block& block, std::uint8_t* codes) noexcept { unpack_nibbles(block.q, 16, codes); }
};
struct PackedMxfp4 : PackedHalfScales<BlockMxfp4, CodesOf4, 31, 16, false> {
  static constexpr bool kBf16 = true, kTable = true;
  static std::uint8_t table(std::size_t i) noexcept { return static_cast<std::uint8_t>(kDoubledE2M1[i] + kZero); }
  // Half of 2^(exponent - 127), as the codes are doubled: every one of them is a bf16.
  static std::uint16_t scale(const Block& block) noexcept {
    return static_cast<std::uint16_t>(block.exponent < 2 ? 0x20 << block.exponent : (block.exponent - 1) << 7);
  }
  static void unpack(const Block& block, std::uint8_t* codes) noexcept { unpack_nibbles(block.q, 16, codes); }
};

// ---- an integer scale for 32 or 16 of 256 values --------------------------------------------------------------------

template <class BlockType, class CodesType, int kMax, int kZeroCode, std::size_t kSubsOf32, std::size_t kMinsOf32>
struct PackedByteScales {
  using Block = BlockType;
  using Codes = CodesType;
  static constexpr std::size_t kBlockValues = 256, kSubs = kSubsOf32, kMins = kMinsOf32;
  static constexpr int kMaxCode = kMax, kZero = kZeroCode;
  static constexpr bool kByteScales = true, kSignedScales = kZero != 0, kNibbleScales = false, kTable = false;
  // d and dmin (or what pads the header to whole vectors), scales, mins.
  static constexpr std::size_t kScalesAt = 4 * kPackedRows;
  static constexpr std::size_t kMinsAt = kScalesAt + kPackedUnitGroups * kSubs * kPackedRows;
  static constexpr std::size_t header_bytes(std::size_t) noexcept {
    return kMinsAt + (kMins == 1 ? kPackedUnitGroups * kPackedRows : 0);
  }
};

template <class BlockType, class CodesType, int kMax>
struct PackedSixBitScales : PackedByteScales<BlockType, CodesType, kMax, 0, 1, 1> {
  static void scales(const BlockType& block, std::uint8_t* scales, std::uint8_t* mins) noexcept {
    for (int s = 0; s < 8; ++s) {
      const ScaleMin both = kquant_scale_min(block.scales, s);
      scales[s] = static_cast<std::uint8_t>(both.scale);
      mins[s] = static_cast<std::uint8_t>(both.min);
    }
  }
};
struct PackedQ4K : PackedSixBitScales<BlockQ4K, CodesOf4, 15> {
  static void unpack(const Block& block, std::uint8_t* codes) noexcept {
    for (std::size_t p = 0; p < 4; ++p) unpack_nibbles(block.q + 32 * p, 32, codes + 64 * p);
  }
};
struct PackedQ5K : PackedSixBitScales<BlockQ5K, CodesOf5, 31> {
  static void unpack(const Block& block, std::uint8_t* codes) noexcept {
    for (std::size_t p = 0; p < 4; ++p) unpack_nibbles(block.q + 32 * p, 32, codes + 64 * p);
    for (std::size_t g = 0; g < 8; ++g) {
      for (std::size_t i = 0; i < 32; ++i) {
        std::uint8_t& code = codes[32 * g + i];
        code = static_cast<std::uint8_t>(code | ((block.high[i] >> g) & 1) << 4);
      }
    }
  }
};
struct PackedQ6K : PackedByteScales<BlockQ6K, CodesOf6, 63, 32, 2, 0> {
  static void scales(const Block& block, std::uint8_t* scales, std::uint8_t*) noexcept {
    __builtin_memcpy(scales, block.scales, sizeof block.scales);
  }
  static void unpack(const Block& block, std::uint8_t* codes) noexcept {
    for (std::size_t h = 0; h < 2; ++h, codes += 128) {
      unpack_nibbles(block.low + 64 * h, 64, codes);
      for (std::size_t j = 0; j < 4; ++j) {
        for (std::size_t i = 0; i < 32; ++i) {
          const int high = (block.high[32 * h + i] >> (2 * j)) & 3;
          codes[32 * j + i] = static_cast<std::uint8_t>(codes[32 * j + i] | high << 4);
        }
      }
    }
  }
};
struct PackedQ3K : PackedByteScales<BlockQ3K, CodesOf3, 7, 4, 2, 0> {
  static void scales(const Block& block, std::uint8_t* scales, std::uint8_t*) noexcept {
    for (std::size_t s = 0; s < 16; ++s) {
      const int low = (block.scales[s % 8] >> (s / 8 * 4)) & 15, high = (block.scales[8 + s % 4] >> (s / 4 * 2)) & 3;
      scales[s] = static_cast<std::uint8_t>((low | high << 4) - 32);
    }
  }
  static void unpack(const Block& block, std::uint8_t* codes) noexcept {
    unpack_pairs(block.q, codes);
    for (std::size_t g = 0; g < 8; ++g) {
      for (std::size_t i = 0; i < 32; ++i) {
        std::uint8_t& code = codes[32 * g + i];
        code = static_cast<std::uint8_t>(code | ((block.high[i] >> g) & 1) << 2);
      }
    }
  }
};
struct PackedQ2K : PackedByteScales<BlockQ2K, CodesOf2, 3, 0, 2, 2> {
  static constexpr bool kNibbleScales = true;  // scale in the low half, min in the high one
  static void scales(const Block& block, std::uint8_t* scales, std::uint8_t*) noexcept {
    __builtin_memcpy(scales, block.scales, sizeof block.scales);
  }
  static void unpack(const Block& block, std::uint8_t* codes) noexcept { unpack_pairs(block.q, codes); }
};
struct PackedIq4Xs : PackedByteScales<BlockIq4Xs, CodesOf4, 255, 128, 1, 0> {
  static constexpr bool kTable = true;
  static std::uint8_t table(std::size_t i) noexcept { return static_cast<std::uint8_t>(kIq4Codebook[i] + kZero); }
  static void scales(const Block& block, std::uint8_t* scales, std::uint8_t*) noexcept {
    const int high = block.scales_high[0] | block.scales_high[1] << 8;
    for (int s = 0; s < 8; ++s) {
      const int low = (block.scales_low[s / 2] >> (s % 2 * 4)) & 15;
      scales[s] = static_cast<std::uint8_t>((low | ((high >> (2 * s)) & 3) << 4) - 32);
    }
  }
  static void unpack(const Block& block, std::uint8_t* codes) noexcept {
    for (std::size_t g = 0; g < 8; ++g) unpack_nibbles(block.q + 16 * g, 16, codes + 32 * g);
  }
};

}  // namespace
}  // namespace quern::kernels
