#include "registry/pull/pull_event.hpp"

#include <gtest/gtest.h>

namespace quern::registry::pull {
namespace {

using namespace std::chrono_literals;

TEST(RateMeter, CountsWhatArrivedInTheLastSeconds) {
  const TimePoint start{};
  RateMeter meter;
  EXPECT_EQ(meter.bytes_per_s(start), 0);
  EXPECT_FALSE(meter.seconds_left(start, 1));
  for (int i = 0; i <= 100; ++i) meter.add(start + i * 100ms, 1000);
  EXPECT_NEAR(meter.bytes_per_s(start + 10s), 10'000, 500);
  EXPECT_EQ(meter.seconds_left(start + 10s, 20'000), 2u);
  for (int i = 0; i <= 100; ++i) meter.add(start + 20s + i * 100ms, 100);
  EXPECT_NEAR(meter.bytes_per_s(start + 30s), 1'000, 100);  // the fast times are forgotten
}

TEST(RateMeter, ManySmallPiecesAreFewSamples) {
  const TimePoint start{};
  RateMeter meter;
  for (int i = 0; i < 100'000; ++i) meter.add(start + i * 10us, 10);
  EXPECT_NEAR(meter.bytes_per_s(start + 1s), 1e6, 1e5);
}

}  // namespace
}  // namespace quern::registry::pull
