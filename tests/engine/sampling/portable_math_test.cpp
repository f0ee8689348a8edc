#include "engine/sampling/portable_math.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

TEST(PortableMath, ExpAndLogAgreeWithTheLibrary) {
  for (double x = -700.0; x < 700.0; x += 0.0937) EXPECT_NEAR(portable_exp(x) / std::exp(x), 1.0, 5e-16) << x;
  for (double x = 1e-300; x < 1e300; x *= 1.37)
    EXPECT_NEAR(portable_log(x), std::log(x), 5e-16 * std::max(1.0, std::fabs(std::log(x)))) << x;
  EXPECT_EQ(portable_exp(0.0), 1.0);
  EXPECT_EQ(portable_log(1.0), 0.0);
  EXPECT_EQ(portable_exp(-1e9), 0.0);
  EXPECT_EQ(portable_exp(1e9), std::numeric_limits<double>::max());
}

TEST(PortableMath, PowCoversItsEdges) {
  EXPECT_EQ(portable_pow(0.0, 0.0), 1.0);
  EXPECT_EQ(portable_pow(0.0, 1.5), 0.0);
  EXPECT_EQ(portable_pow(1.0, 1e6), 1.0);
  EXPECT_NEAR(portable_pow(1.75, 100.0) / std::pow(1.75, 100.0), 1.0, 1e-12);
  EXPECT_NEAR(portable_pow(0.3, 1.2), std::pow(0.3, 1.2), 1e-15);
}

TEST(PortableMath, ExpOfManyFloatsIsWithinTwoUlp) {
  std::vector<float> x, got;
  for (float v = -86.9f; v <= 0.0f; v += 0.00317f) x.push_back(v);
  got.resize(x.size());
  exp_shifted(x.data(), 0.0f, x.size(), got.data());
  for (std::size_t i = 0; i < x.size(); ++i)  // one ulp is up to 1.2e-7 of the value
    ASSERT_NEAR(static_cast<double>(got[i]) / std::exp(static_cast<double>(x[i])), 1.0, 2.4e-7) << x[i];
}

TEST(PortableMath, ExpOfVerySmallIsZero) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> x{-infinity, -std::numeric_limits<float>::max(), -1000.0f, 5.0f};
  exp_shifted(x.data(), 5.0f, x.size(), x.data());
  EXPECT_EQ(x, (std::vector<float>{0.0f, 0.0f, 0.0f, 1.0f}));
}

}  // namespace
}  // namespace quern::engine::sampling
