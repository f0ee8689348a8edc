#include "app/synth/block_filler.hpp"

#include "base/assert.hpp"
#include "kernels/quant/fp16.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace quern::app {
namespace {

using kernels::QuantFormat;
using kernels::TensorType;

// `scale` times a factor from 0.875 to 1.125 (first random byte) and a sign (top bit of the second).
float jittered(const std::byte* random, float scale) noexcept {
  const auto bits = std::to_integer<std::uint32_t>(random[0]);
  const float share = 0.875f + static_cast<float>(bits) * (0.25f / 255.0f);
  return (random[1] & std::byte{0x80}) != std::byte{} ? -scale * share : scale * share;
}

void store_u16(std::byte* to, std::uint16_t value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

float store_f16_scale(std::byte* at, float scale) noexcept {
  const std::uint16_t half = kernels::f32_to_f16(jittered(at, scale));
  store_u16(at, half);
  return kernels::f16_to_f32(half);
}

// One f16 scale per block; all other bits are codes or signed sub-block scales, any of which is valid.
template <std::size_t kScaleAt>
void one_scale(std::byte* block, float scale) noexcept {
  store_f16_scale(block + kScaleAt, scale);
}

// Scale and min as f16: value = d * q + m with q from 0 to kLargestCode. The min centres the codes.
template <int kLargestCode>
void scale_and_min(std::byte* block, float scale) noexcept {
  const float d = store_f16_scale(block, scale);
  store_u16(block + 2, kernels::f32_to_f16(-0.5f * static_cast<float>(kLargestCode) * d));
}

// No encoder makes -128 (its scale is the largest magnitude / 127), so files in the wild never hold it.
void q8_0(std::byte* block, float scale) noexcept {
  store_f16_scale(block, scale);
  for (std::size_t i = 2; i < 34; ++i) {
    if (block[i] == std::byte{0x80}) block[i] = std::byte{0};
  }
}

// Each scale byte: scale from 8 to 15 in the low half, the same number as min in the high half; dmin = 1.5 d.
void q2_k(std::byte* block, float scale) noexcept {
  for (std::size_t i = 0; i < 16; ++i) {
    const auto s = static_cast<std::uint8_t>(8 | (std::to_integer<std::uint8_t>(block[i]) & 7));
    block[i] = static_cast<std::byte>(s << 4 | s);
  }
  const float d = store_f16_scale(block + 80, scale);
  store_u16(block + 82, kernels::f32_to_f16(1.5f * d));
}

// The 12 bytes of eight 6-bit scales and eight 6-bit mins: every min equal to its scale, every scale at least 32.
// Bytes 0-3: scales 0-3, and the upper two bits of scales 4-7; bytes 4-7: the same for mins; bytes 8-11: low halves.
void equal_scales_and_mins(std::byte* packed) noexcept {
  for (std::size_t i = 0; i < 4; ++i) {
    packed[i] |= std::byte{0xA0};
    packed[4 + i] = packed[i];
    const std::byte low = packed[8 + i] & std::byte{0x0F};
    packed[8 + i] = low | low << 4;
  }
}

template <int kLargestCode>
void scales_and_mins_k(std::byte* block, float scale) noexcept {
  const float d = store_f16_scale(block, scale);
  store_u16(block + 2, kernels::f32_to_f16(0.5f * static_cast<float>(kLargestCode) * d));
  equal_scales_and_mins(block + 4);
}

// Four codes of two bits to a byte; 3 is not ternary and becomes 1, which stands for zero.
void tq2_0(std::byte* block, float scale) noexcept {
  for (std::size_t i = 0; i < 64; ++i) {
    const std::byte threes = block[i] & block[i] >> 1 & std::byte{0x55};
    block[i] &= ~(threes << 1);
  }
  store_f16_scale(block + 64, scale);
}

// An f16 in four pieces: the top four bits of each of the block's last four 16-bit words, lowest piece first.
void iq1_m(std::byte* block, float scale) noexcept {
  constexpr std::size_t kWordsAt = 48;
  const std::uint32_t half = kernels::f32_to_f16(jittered(block + kWordsAt, scale));
  for (std::size_t i = 0; i < 4; ++i) {
    std::byte& top = block[kWordsAt + 2 * i + 1];
    top = (top & std::byte{0x0F}) | static_cast<std::byte>((half >> (4 * i) & 15) << 4);
  }
}

// A power of two: one of the two around `scale`, so chosen that the mean square is right.
void mxfp4(std::byte* block, float scale) noexcept {
  int exponent = 0;
  const float fraction =
      2.0f * std::frexp(scale, &exponent);  // scale = fraction * 2^(exponent - 1), fraction in [1, 2)
  const float chance_of_larger = (fraction * fraction - 1.0f) / 3.0f;
  const float draw = static_cast<float>(std::to_integer<std::uint32_t>(block[0])) / 256.0f;
  const int biased = 127 + exponent - 1 + (draw < chance_of_larger ? 1 : 0);
  block[0] = static_cast<std::byte>(std::clamp(biased, 2, 250));
}

float e4m3_value(int code) noexcept {
  const int exponent = code >> 3;
  const float mantissa = static_cast<float>(code & 7) / 8.0f;
  return exponent == 0 ? std::ldexp(mantissa, -6) : std::ldexp(1.0f + mantissa, exponent - 7);
}

// Four unsigned 8-bit floats (E4M3): each one of the two around `scale`, as in mxfp4. Codes 0 and 127 mean zero.
void nvfp4(std::byte* block, float scale) noexcept {
  int below = 1;
  for (int step = 64; step > 0; step /= 2) {
    if (below + step < 126 && e4m3_value(below + step) <= scale) below += step;
  }
  const float low = e4m3_value(below), high = e4m3_value(below + 1);
  const float chance_of_larger = (scale * scale - low * low) / (high * high - low * low);
  for (std::size_t i = 0; i < 4; ++i) {
    const float draw = static_cast<float>(std::to_integer<std::uint32_t>(block[i])) / 256.0f;
    block[i] = static_cast<std::byte>(draw < chance_of_larger ? below + 1 : below);
  }
}

// Sums of uniform bytes: near enough to a normal distribution, bounded, and cheap.
void f32(std::byte* block, float scale) noexcept {
  int sum = -510;
  for (std::size_t i = 0; i < 4; ++i) sum += std::to_integer<int>(block[i]);
  const float value = scale * static_cast<float>(sum);
  std::memcpy(block, &value, sizeof value);
}

float two_bytes(const std::byte* block, float scale) noexcept {
  return scale * static_cast<float>(std::to_integer<int>(block[0]) + std::to_integer<int>(block[1]) - 255);
}
void f16(std::byte* block, float scale) noexcept {
  store_u16(block, kernels::f32_to_f16(two_bytes(block, scale)));
}
void bf16(std::byte* block, float scale) noexcept {
  // Cutting off is biased towards zero on both sides alike, so the mean stays zero.
  store_u16(block, static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(two_bytes(block, scale)) >> 16));
}

// Source of the file types: llama.h, enum llama_ftype.
constexpr BlockFiller kFillers[] = {
    {TensorType::f32, 0, &f32},
    {TensorType::f16, 1, &f16},
    {TensorType::bf16, 32, &bf16},
    {TensorType::q8_0, 7, &q8_0},
    {TensorType::q4_0, 2, &one_scale<0>},
    {TensorType::q4_1, 3, &scale_and_min<15>},
    {TensorType::q5_0, 8, &one_scale<0>},
    {TensorType::q5_1, 9, &scale_and_min<31>},
    {TensorType::q2_k, 10, &q2_k},
    {TensorType::q3_k, 11, &one_scale<108>},
    {TensorType::q4_k, 14, &scales_and_mins_k<15>},
    {TensorType::q5_k, 16, &scales_and_mins_k<31>},
    {TensorType::q6_k, 18, &one_scale<208>},
    {TensorType::iq4_nl, 25, &one_scale<0>},
    {TensorType::iq4_xs, 30, &one_scale<0>},
    {TensorType::iq3_s, 26, &one_scale<0>},
    {TensorType::iq3_xxs, 23, &one_scale<0>},
    {TensorType::iq2_s, 28, &one_scale<0>},
    {TensorType::iq2_xs, 20, &one_scale<0>},
    {TensorType::iq2_xxs, 19, &one_scale<0>},
    {TensorType::iq1_m, 31, &iq1_m},
    {TensorType::iq1_s, 24, &one_scale<0>},
    {TensorType::tq1_0, 36, &one_scale<52>},
    {TensorType::tq2_0, 37, &tq2_0},
    {TensorType::mxfp4, 38, &mxfp4},
    {TensorType::nvfp4, 39, &nvfp4},
    {TensorType::q1_0, 40, &one_scale<0>},
    {TensorType::q2_0, 41, &one_scale<0>},
};

}  // namespace

std::span<const BlockFiller> block_fillers() noexcept {
  return kFillers;
}

const BlockFiller* find_filler(TensorType type) noexcept {
  for (const BlockFiller& filler : kFillers) {
    if (filler.type == type) return &filler;
  }
  return nullptr;
}

void fill_blocks(const BlockFiller& filler, float scale, RandomBytes& random, std::span<std::byte> blocks) noexcept {
  random.fill(blocks);
  const std::size_t block_bytes = kernels::format_of(filler.type).block_bytes;
  QUERN_DCHECK(blocks.size() % block_bytes == 0);
  for (std::size_t at = 0; at < blocks.size(); at += block_bytes) filler.finish(blocks.data() + at, scale);
}

double unit_stddev(const BlockFiller& filler) {
  constexpr std::size_t kValues = 1u << 18;
  const QuantFormat& format = kernels::format_of(filler.type);
  QUERN_ASSERT(format.dequantize != nullptr);
  std::vector<std::byte> blocks(format.row_bytes(kValues));
  RandomBytes random(/*seed=*/1, /*stream=*/static_cast<std::uint64_t>(filler.type));
  fill_blocks(filler, 1.0f, random, blocks);
  std::vector<float> values(kValues);
  format.dequantize(blocks.data(), kValues, values.data());
  double sum_of_squares = 0;
  for (const float value : values) sum_of_squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum_of_squares / static_cast<double>(kValues));
}

}  // namespace quern::app
