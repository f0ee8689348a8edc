#include "sched/stall_watch.hpp"

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Watched {
  StallWatch watch;
  TimePoint now{hours(100)};

  // Looks every second for so long; returns the last answer.
  Duration pass(seconds time, bool busy, std::uint64_t mark) {
    Duration last{};
    for (seconds passed{0}; passed < time; passed += seconds(1)) last = step(seconds(1), busy, mark);
    return last;
  }
  Duration step(Duration time, bool busy, std::uint64_t mark) {
    now += time;
    return watch.look(now, busy, mark);
  }
};

TEST(StallWatch, CountsWhileThereIsWorkAndNothingMoves) {
  Watched w;
  EXPECT_EQ(w.step(seconds(1), true, 1), Duration::zero());
  EXPECT_EQ(w.pass(seconds(90), true, 1), seconds(90));
  EXPECT_EQ(w.step(seconds(1), true, 2), Duration::zero()) << "it got on";
  EXPECT_EQ(w.pass(seconds(3), true, 2), seconds(3));
}

TEST(StallWatch, AnIdleEngineIsNotStalled) {
  Watched w;
  EXPECT_EQ(w.pass(seconds(7200), false, 1), Duration::zero());
  // The first request after hours: its step has begun and nothing has moved yet.
  EXPECT_EQ(w.step(milliseconds(1), true, 1), Duration::zero());
  EXPECT_EQ(w.step(milliseconds(5), true, 1), milliseconds(5));
}

TEST(StallWatch, TimeInWhichNobodyRanIsNotTheEngines) {
  Watched w;
  w.pass(seconds(10), true, 1);
  EXPECT_LE(w.step(hours(8), true, 1), seconds(12)) << "the machine slept, the step goes on";
  EXPECT_LE(w.step(seconds(1), true, 1), seconds(13));
  EXPECT_EQ(w.step(seconds(1), true, 2), Duration::zero());
}

TEST(StallWatch, AsManyMayAskAsLike) {
  Watched w;
  w.step(seconds(1), true, 1);
  for (int i = 0; i < 1000; ++i) w.step(milliseconds(10), true, 1);
  EXPECT_EQ(w.watch.look(w.now, true, 1), seconds(10));
  EXPECT_EQ(w.watch.look(w.now - seconds(1), true, 1), seconds(10)) << "another thread read its clock before";
}

TEST(StallWatch, FromTheVeryBeginning) {
  StallWatch watch;
  EXPECT_EQ(watch.look(TimePoint(hours(5)), true, 0), Duration::zero());
}

}  // namespace
}  // namespace quern::sched
