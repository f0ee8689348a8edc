#include "base/checked.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(Checked, AddStopsAtBothEnds) {
  EXPECT_EQ(checked_add<std::uint64_t>(UINT64_MAX - 1, 1), UINT64_MAX);
  EXPECT_EQ(checked_add<std::uint64_t>(UINT64_MAX, 1), std::nullopt);
  EXPECT_EQ(checked_add<std::int32_t>(INT32_MIN, -1), std::nullopt);
  EXPECT_EQ(checked_add<std::int32_t>(INT32_MIN, INT32_MAX), -1);
  EXPECT_EQ(checked_add<std::uint8_t>(200, 55), std::uint8_t{255});  // no detour through int
  EXPECT_EQ(checked_add<std::uint8_t>(200, 56), std::nullopt);
}

TEST(Checked, MulStopsAtBothEnds) {
  EXPECT_EQ(checked_mul<std::uint64_t>(std::uint64_t{1} << 32, (std::uint64_t{1} << 32) - 1),
            UINT64_MAX - (std::uint64_t{1} << 32) + 1);
  EXPECT_EQ(checked_mul<std::uint64_t>(std::uint64_t{1} << 32, std::uint64_t{1} << 32), std::nullopt);
  EXPECT_EQ(checked_mul<std::int64_t>(INT64_MIN, -1), std::nullopt);
  EXPECT_EQ(checked_mul<std::uint64_t>(0, UINT64_MAX), 0u);
}

// All of 8-bit arithmetic against wide integers: no edge is forgotten.
TEST(Checked, EightBitExhaustive) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const auto x = static_cast<std::uint8_t>(a), y = static_cast<std::uint8_t>(b);
      const auto want = [](unsigned exact) {
        return exact < 256 ? std::optional(static_cast<std::uint8_t>(exact)) : std::nullopt;
      };
      ASSERT_EQ(checked_add(x, y), want(a + b)) << a << " + " << b;
      ASSERT_EQ(checked_mul(x, y), want(a * b)) << a << " * " << b;
      if (b == 0) {
        ASSERT_EQ(checked_round_up(x, y), std::nullopt) << a;
      } else {
        ASSERT_EQ(checked_round_up(x, y), want((a + b - 1) / b * b)) << a << " up to " << b;
      }
    }
  }
}

TEST(Checked, RoundUpOfAMultipleFitsEvenAtTheTop) {
  EXPECT_EQ(checked_round_up<std::uint64_t>(UINT64_MAX - 31, 32), UINT64_MAX - 31);
  EXPECT_EQ(checked_round_up<std::uint64_t>(UINT64_MAX - 30, 32), std::nullopt);
}

}  // namespace
}  // namespace quern
