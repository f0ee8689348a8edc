#include "engine/sampling/rng.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

TEST(Rng, IsXoshiro256PlusPlusSeededBySplitMix64) {
  // Computed with an independent implementation that gives the authors' published values for both generators.
  Rng rng(42);
  EXPECT_EQ(rng.next(), 15021278609987233951u);
  EXPECT_EQ(rng.next(), 5881210131331364753u);
  EXPECT_EQ(rng.next(), 18149643915985481100u);
  EXPECT_EQ(rng.next(), 12933668939759105464u);
}

TEST(Rng, UniformStaysBelowOne) {
  Rng rng(0);
  double least = 1.0, most = 0.0, sum = 0.0;
  for (int i = 0; i < 100000; ++i) {
    const double u = rng.uniform();
    least = std::min(least, u);
    most = std::max(most, u);
    sum += u;
  }
  EXPECT_GE(least, 0.0);
  EXPECT_LT(most, 1.0);
  // The mean of n uniform numbers has deviation 1 / sqrt(12 n) = 9.1e-4; five of them.
  EXPECT_NEAR(sum / 100000, 0.5, 4.6e-3);
}

}  // namespace
}  // namespace quern::engine::sampling
