#include "engine/rope.hpp"

#include <array>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace quern::engine {
namespace {

std::vector<float> angles(const RopeTable& table, std::uint32_t position) {
  std::vector<float> out(table.n_rot());
  table.fill(position, out.data());
  return out;
}

TEST(RopeTable, PlainAnglesArePowersOfTheBase) {
  const RopeTable table({.n_rot = 8, .freq_base = 10000.0}, {});
  const auto got = angles(table, 5);
  for (std::size_t pair = 0; pair < 4; ++pair) {
    const double angle = 5.0 * std::pow(10000.0, -2.0 * static_cast<double>(pair) / 8.0);
    EXPECT_NEAR(got[pair], std::cos(angle), 1e-7);
    EXPECT_NEAR(got[4 + pair], std::sin(angle), 1e-7);
  }
}

TEST(RopeTable, LinearScalingStretchesPositions) {
  const RopeTable plain({.n_rot = 16}, {});
  const RopeTable scaled({.n_rot = 16, .scaling = RopeScaling::linear, .factor = 4.0}, {});
  EXPECT_EQ(angles(scaled, 40), angles(plain, 10));
}

TEST(RopeTable, FactorsDivideFrequencies) {
  const std::vector<float> factors(8, 2.0f);
  EXPECT_EQ(angles(RopeTable({.n_rot = 16}, factors), 40), angles(RopeTable({.n_rot = 16}, {}), 20));
}

TEST(RopeTable, YarnKeepsFastPairsAndInterpolatesSlowOnes) {
  const RopeParams yarn{
      .n_rot = 64, .scaling = RopeScaling::yarn, .factor = 8.0, .original_context = 2048, .attn_factor = 1.0};
  const double magnitude = 1.0 + 0.1 * std::log(8.0);
  const auto got = angles(RopeTable(yarn, {}), 3);
  const auto trained = angles(RopeTable({.n_rot = 64}, {}), 3);
  const auto stretched = angles(RopeTable({.n_rot = 64, .scaling = RopeScaling::linear, .factor = 8.0}, {}), 3);
  EXPECT_NEAR(got[32], trained[32] * magnitude, 1e-6);    // the fastest pair
  EXPECT_NEAR(got[63], stretched[63] * magnitude, 1e-6);  // the slowest pair
}

// Pairs of the fourth axis, which text does not move along, keep their values, if not their magnitude.
TEST(RopeTable, SectionsSayWhichPairsTurn) {
  const auto turning = [](RopeSections order, std::array<std::uint32_t, 4> sections) {
    const RopeTable table({.n_rot = 16, .section_order = order, .sections = sections}, {});
    std::string out;
    for (std::size_t pair = 0; pair < 8; ++pair) out += angles(table, 5)[8 + pair] != 0.0f ? 't' : '.';
    return out;
  };
  EXPECT_EQ(turning(RopeSections::none, {1, 0, 0, 7}), "tttttttt");
  EXPECT_EQ(turning(RopeSections::contiguous, {2, 1, 1, 4}), "tttt....");
  EXPECT_EQ(turning(RopeSections::contiguous, {1, 1, 0, 1}), "tt.tt.tt");  // taken again from the start
  EXPECT_EQ(turning(RopeSections::contiguous, {0, 0, 0, 0}), "tttttttt");
  EXPECT_EQ(turning(RopeSections::interleaved, {2, 2, 2, 2}), "tttttt..");
  EXPECT_EQ(turning(RopeSections::interleaved, {3, 3, 2, 0}), "tttttttt");
  EXPECT_EQ(turning(RopeSections::interleaved, {8, 0, 0, 0}), "t..t..t.");
}

TEST(RopeTable, FarPositionsStayAccurate) {
  const RopeTable table({.n_rot = 4}, {});
  EXPECT_NEAR(angles(table, 1'000'000)[0], std::cos(1e6), 1e-6);
}

}  // namespace
}  // namespace quern::engine
