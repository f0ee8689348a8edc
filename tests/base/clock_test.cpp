#include "base/clock.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quern {
namespace {

using namespace std::chrono_literals;

TEST(ManualClock, StandsStillUntilItIsAdvanced) {
  ManualClock clock;
  const TimePoint begin = clock.now();
  EXPECT_EQ(clock.now(), begin);
  clock.advance(1500ms);
  EXPECT_DOUBLE_EQ(to_seconds(clock.now() - begin), 1.5);
}

TEST(ManualClock, CountsEveryAdvanceOfEveryThread) {
  ManualClock clock;
  const TimePoint begin = clock.now();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) clock.advance(1us);
      });
    }
  }
  EXPECT_EQ(clock.now() - begin, 4ms);
}

TEST(SteadyClock, NeverGoesBack) {
  const SteadyClock clock;
  TimePoint last = clock.now();
  for (int i = 0; i < 1000; ++i) {
    const TimePoint now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace quern
