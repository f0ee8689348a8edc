#include "kernels/quant/fp16.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

// By definition: (-1)^s * 2^(e - 15) * (1 + m / 1024), and 2^-14 * m / 1024 for e = 0.
TEST(Fp16, DecodesByDefinition) {
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const std::uint32_t exponent = (h >> 10) & 31, mantissa = h & 1023;
    const float got = f16_to_f32(static_cast<std::uint16_t>(h));
    EXPECT_EQ(std::signbit(got), h >= 0x8000);
    if (exponent == 31) {
      EXPECT_TRUE(mantissa != 0 ? std::isnan(got) : std::isinf(got)) << h;
      continue;
    }
    const double want =
        exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, static_cast<int>(exponent) - 25);
    EXPECT_EQ(std::abs(got), want) << h;
  }
}

TEST(Fp16, EncodesWhatItDecoded) {
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const bool nan = (h & 0x7c00) == 0x7c00 && (h & 0x3ff) != 0;
    EXPECT_EQ(f32_to_f16(f16_to_f32(static_cast<std::uint16_t>(h))), nan ? (h | 0x200) : h);
  }
}

TEST(Fp16, RoundsToNearestEven) {
  struct Case {
    float value;
    std::uint16_t want;
  };
  for (const Case& c :
       {Case{1.0f + 0x1p-11f, 0x3c00}, Case{1.0f + 3 * 0x1p-11f, 0x3c02}, Case{1.0f + 0x1p-11f + 0x1p-23f, 0x3c01},
        Case{65519.996f, 0x7bff}, Case{65520.0f, 0x7c00}, Case{0x1p-25f, 0x0000}, Case{0x1.000002p-25f, 0x0001},
        Case{0x1.8p-24f, 0x0002}, Case{-0x1p-14f, 0x8400}, Case{0x1.ffbp-15f, 0x03ff}, Case{0x1.ffcp-15f, 0x0400},
        Case{std::numeric_limits<float>::infinity(), 0x7c00}, Case{-3e38f, 0xfc00},
        Case{std::numeric_limits<float>::denorm_min(), 0x0000}}) {
    EXPECT_EQ(f32_to_f16(c.value), c.want) << c.value;
  }
}

TEST(Fp16, Bf16IsTheUpperHalf) {
  EXPECT_EQ(bf16_to_f32(0x3f80), 1.0f);
  EXPECT_EQ(bf16_to_f32(0xc020), -2.5f);
  EXPECT_EQ(bf16_to_f32(0x0001), 0x1p-133f);
  EXPECT_TRUE(std::isinf(bf16_to_f32(0x7f80)));
  EXPECT_TRUE(std::isnan(bf16_to_f32(0x7fc0)));
}

}  // namespace
}  // namespace quern::kernels
