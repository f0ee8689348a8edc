#include "models/remote/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace quern::models {
namespace {

using namespace std::chrono_literals;
using State = CircuitBreaker::State;

constexpr BreakerRules kRules{.max_failures = 3, .first_rest = 1s, .longest_rest = 4s};

void fail(CircuitBreaker& breaker, TimePoint now, int n = 1) {
  for (int i = 0; i < n; ++i) {
    ASSERT_TRUE(breaker.allow(now));
    breaker.failed(now);
  }
}

TEST(CircuitBreaker, OpensAfterFailuresInARow) {
  CircuitBreaker breaker(kRules);
  const TimePoint now{};
  fail(breaker, now, 2);
  EXPECT_TRUE(breaker.allow(now));
  breaker.succeeded();
  fail(breaker, now, 2);
  EXPECT_EQ(breaker.state(now), State::closed);
  fail(breaker, now);
  EXPECT_EQ(breaker.state(now), State::open);
  EXPECT_FALSE(breaker.allow(now));
  EXPECT_EQ(breaker.rest(now + 400ms), 600ms);
}

TEST(CircuitBreaker, OneTriesAndTheRestDoubles) {
  CircuitBreaker breaker(kRules);
  TimePoint now{};
  fail(breaker, now, 3);
  for (const auto rest : {1s, 2s, 4s, 4s}) {
    EXPECT_FALSE(breaker.allow(now + rest - 1ns));
    now += rest;
    EXPECT_EQ(breaker.state(now), State::trying);
    EXPECT_TRUE(breaker.allow(now));
    EXPECT_FALSE(breaker.allow(now)) << "one tries at a time";
    breaker.failed(now);
    EXPECT_EQ(breaker.state(now), State::open);
  }
  now += 4s;
  EXPECT_TRUE(breaker.allow(now));
  breaker.succeeded();
  EXPECT_EQ(breaker.state(now), State::closed);
  fail(breaker, now, 3);
  EXPECT_EQ(breaker.rest(now), 1s) << "a success makes the rest short again";
}

TEST(CircuitBreaker, WhoeverLearntNothingLetsTheNextOneTry) {
  CircuitBreaker breaker(kRules);
  TimePoint now{};
  fail(breaker, now, 3);
  now += 1s;
  EXPECT_TRUE(breaker.allow(now));
  breaker.gave_up();
  EXPECT_TRUE(breaker.allow(now));
}

TEST(CircuitBreaker, LateFailuresDoNotMakeTheRestLonger) {
  CircuitBreaker breaker(kRules);
  const TimePoint now{};
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(breaker.allow(now));
  for (int i = 0; i < 10; ++i) breaker.failed(now);
  EXPECT_EQ(breaker.rest(now), 1s);
}

}  // namespace
}  // namespace quern::models
