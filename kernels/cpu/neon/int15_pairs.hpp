// 256 columns of two weight rows as bytes, and their product with one block of activations. What a row becomes depends
// on nothing but the row: its partner, the other rows and the other tokens have lanes of their own.
#pragma once

#include "kernels/cpu/neon/int15_activations.hpp"

namespace quern::kernels {
namespace {

struct PairCodes {
  alignas(16) std::int8_t codes[kInt15Block / 8][2][8];  // [eight values][row]

  void set(std::size_t g, std::size_t r, Codes group) noexcept {
    vst1_s8(codes[4 * g][r], vget_low_s8(group.val[0]));
    vst1_s8(codes[4 * g + 1][r], vget_high_s8(group.val[0]));
    vst1_s8(codes[4 * g + 2][r], vget_low_s8(group.val[1]));
    vst1_s8(codes[4 * g + 3][r], vget_high_s8(group.val[1]));
  }
};

// {row 0 high, row 0 low, row 1 high, row 1 low} -> 128 * high + low of both rows.
inline float32x2_t join_planes(int32x4_t sums) noexcept {
  const float32x4_t units = {128.0f, 1.0f, 128.0f, 1.0f};
  const float32x4_t scaled = vmulq_f32(vcvtq_f32_s32(sums), units);
  return vpadd_f32(vget_low_f32(scaled), vget_high_f32(scaled));
}

// Formats of block_formats.hpp: the sums of all 256 columns stay integers.
template <class Format>
struct BlockPair : PairCodes {
  static constexpr std::size_t kScales = kInt15Block / Format::kScaleValues, kMins = Format::kMins;
  static constexpr std::size_t kFileValues = 256, kFileBytes = sizeof(typename Format::BlockType);

  std::int32_t scales[kScales][2];
  std::int32_t mins[kMins + 1][2];
  float d[2], dmin[2];

  // Row r of the pair, from one block of the file.
  void unpack(const std::byte* file_block, std::size_t, std::size_t r) noexcept {
    const auto& block = *reinterpret_cast<const typename Format::BlockType*>(file_block);
    BlockFields fields;
    Format::open(block, fields);
    d[r] = fields.d;
    for (std::size_t i = 0; i < kScales; ++i) scales[i][r] = fields.scales[i];
    if constexpr (kMins != 0) {
      dmin[r] = fields.dmin;
      for (std::size_t i = 0; i < kMins; ++i) mins[i][r] = fields.mins[i];
    }
#pragma GCC unroll 8
    for (std::size_t g = 0; g < kInt15Block / 32; ++g) this->set(g, r, Format::group(block, g));
  }

  // sums[t] += the products of both rows with token t.
  template <class Dot, std::size_t kTokens>
  void add_products(const Int15Block* const* x, std::size_t, float32x2_t* sums) const noexcept {
    constexpr std::size_t kSteps = Format::kScaleValues / 8;
    int32x4_t totals[kTokens];
    for (int32x4_t& total : totals) total = vdupq_n_s32(0);
    for (std::size_t i = 0; i < kScales; ++i) {
      const int32x2_t both = vld1_s32(scales[i]);
      const int32x4_t scale = vcombine_s32(vdup_lane_s32(both, 0), vdup_lane_s32(both, 1));
      for (std::size_t t = 0; t < kTokens; ++t) {
        const auto dots = Dot::template dot<kSteps>(this->codes[i * kSteps][0], x[t]->planes[i * kSteps][0]);
        totals[t] = vmlaq_s32(totals[t], dots, scale);
      }
    }
    for (std::size_t t = 0; t < kTokens; ++t) {
      sums[t] = vfma_f32(sums[t], join_planes(totals[t]), vmul_n_f32(vld1_f32(d), x[t]->scale));
      if constexpr (kMins != 0) {
        const std::int32_t* x_sums = kMins == 8 ? x[t]->sum32 : x[t]->sum16;
        int32x2_t offset = vdup_n_s32(0);  // at most 63 * 32 * 16256 * 8 < 2^31
        for (std::size_t i = 0; i < kMins; ++i) offset = vmla_n_s32(offset, vld1_s32(mins[i]), x_sums[i]);
        sums[t] = vfms_f32(sums[t], vcvt_f32_s32(offset), vmul_n_f32(vld1_f32(dmin), x[t]->scale));
      }
    }
  }
};

// Formats of group_formats.hpp: sums leave the integers after each scale.
template <class Format>
struct GroupPair : PairCodes {
  static constexpr std::size_t kScalesOfGroup = 32 / Format::kScaleValues;
  static constexpr std::size_t kFileValues = Format::kBlockValues, kFileBytes = sizeof(typename Format::BlockType);

  float d[kInt15Block / Format::kScaleValues][2];
  float m[kInt15Block / 32][2];

  // Row r of the pair: n values, a multiple of the format's block.
  void unpack(const std::byte* file_blocks, std::size_t n, std::size_t r) noexcept {
    constexpr std::size_t kGroups = Format::kBlockValues / 32;
    for (std::size_t g = 0; g < n / 32; ++g) {
      float group_d[2] = {}, group_m = 0;
      const auto& block = *reinterpret_cast<const typename Format::BlockType*>(file_blocks + g / kGroups * kFileBytes);
      this->set(g, r, Format::group(block, g % kGroups, group_d, group_m));
      for (std::size_t i = 0; i < kScalesOfGroup; ++i) d[g * kScalesOfGroup + i][r] = group_d[i];
      m[g][r] = group_m;
    }
  }

  // sums[t] += the products of both rows with n columns of token t.
  template <class Dot, std::size_t kTokens>
  void add_products(const Int15Block* const* x, std::size_t n, float32x2_t* sums) const noexcept {
    constexpr std::size_t kSteps = Format::kScaleValues / 8;
    float32x2_t totals[kTokens];
    for (float32x2_t& total : totals) total = vdup_n_f32(0);
    for (std::size_t i = 0; i < n / Format::kScaleValues; ++i) {
      const float32x2_t scale = vld1_f32(d[i]);
      for (std::size_t t = 0; t < kTokens; ++t) {
        const auto dots = Dot::template dot<kSteps>(this->codes[i * kSteps][0], x[t]->planes[i * kSteps][0]);
        totals[t] = vfma_f32(totals[t], join_planes(dots), scale);
        if constexpr (Format::kHasMin) {
          totals[t] = vfma_n_f32(totals[t], vld1_f32(m[i]), static_cast<float>(x[t]->sum32[i]));
        }
      }
    }
    for (std::size_t t = 0; t < kTokens; ++t) sums[t] = vfma_n_f32(sums[t], totals[t], x[t]->scale);
  }
};

}  // namespace
}  // namespace quern::kernels
