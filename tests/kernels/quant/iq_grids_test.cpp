#include "kernels/quant/iq_grids.hpp"

#include "kernels/quant/iq_signs.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

template <std::size_t kPoints, std::size_t kValues>
std::vector<std::vector<int>> points_of(const IqGrid<kPoints, kValues>& grid) {
  std::vector<std::vector<int>> out;
  for (const auto& point : grid.points) out.emplace_back(point, point + kValues);
  return out;
}

// Points differ, and are numbered by their last value first.
void expect_ascending(std::vector<std::vector<int>> points) {
  for (auto& point : points) std::reverse(point.begin(), point.end());
  for (std::size_t i = 1; i < points.size(); ++i) EXPECT_LT(points[i - 1], points[i]) << i;
}

void expect_levels(const std::vector<std::vector<int>>& points, const std::set<int>& levels) {
  std::set<int> seen;
  for (const auto& point : points) seen.insert(point.begin(), point.end());
  EXPECT_EQ(seen, levels);
}

TEST(IqGrids, PointsAreInOrderAndUseEveryLevel) {
  const std::set<int> iq2{8, 25, 43};
  for (const auto& points : {points_of(kGridIq2Xxs), points_of(kGridIq2Xs), points_of(kGridIq2S)}) {
    expect_ascending(points);
    expect_levels(points, iq2);
    // All values lie on one lattice: those at the middle level are even in number.
    for (const auto& point : points) EXPECT_EQ(std::count(point.begin(), point.end(), 25) % 2, 0);
  }
  expect_ascending(points_of(kGridIq1));
  expect_levels(points_of(kGridIq1), {-8, 0, 8});
  expect_ascending(points_of(kGridIq3Xxs));
  expect_levels(points_of(kGridIq3Xxs), {4, 12, 20, 28, 36, 44, 52, 62});
  expect_ascending(points_of(kGridIq3S));
  expect_levels(points_of(kGridIq3S), {1, 3, 5, 7, 9, 11, 13, 15});
}

TEST(IqGrids, KnownPoints) {
  const auto first = [](const auto& grid) { return points_of(grid).front(); };
  const auto last = [](const auto& grid) { return points_of(grid).back(); };
  EXPECT_EQ(first(kGridIq1), std::vector<int>(8, -8));
  EXPECT_EQ(last(kGridIq1), std::vector<int>(8, 8));
  EXPECT_EQ(first(kGridIq2S), std::vector<int>(8, 8));
  EXPECT_EQ(last(kGridIq2S), std::vector<int>(8, 43));
  EXPECT_EQ(last(kGridIq2Xxs), (std::vector<int>{8, 25, 8, 8, 25, 43, 43, 43}));
  EXPECT_EQ(first(kGridIq3S), std::vector<int>(4, 1));
  EXPECT_EQ(last(kGridIq3S), (std::vector<int>{1, 1, 15, 15}));
  EXPECT_EQ(last(kGridIq3Xxs), (std::vector<int>{4, 28, 52, 62}));
}

TEST(IqSigns, TheNumberOfNegativeValuesIsEven) {
  for (unsigned seven = 0; seven < 128; ++seven) {
    EXPECT_EQ(even_signs(seven) & 127u, seven);
    EXPECT_LT(even_signs(seven), 256u);
    float out[8];
    constexpr std::int8_t kOnes[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    signed_values(2.0f, kOnes, even_signs(seven), out);
    EXPECT_EQ(std::count(out, out + 8, -2.0f) % 2, 0) << seven;
    for (unsigned j = 0; j < 7; ++j) EXPECT_EQ(out[j], (seven >> j & 1u) != 0 ? -2.0f : 2.0f);
  }
}

}  // namespace
}  // namespace quern::kernels
