#include "models/policy/eviction.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace quern::models::policy {
namespace {

using std::chrono::seconds;

const TimePoint kNow = TimePoint(seconds(1'000));

Resident idle(std::uint64_t bytes, int last_used_s) {
  return {.bytes = bytes, .last_used = TimePoint(seconds(last_used_s)), .loaded = TimePoint(seconds(1))};
}
Resident busy(std::uint64_t bytes, int last_used_s) {
  Resident out = idle(bytes, last_used_s);
  out.n_held = 2;
  return out;
}
using Indexes = std::vector<std::size_t>;

TEST(Eviction, TheLongestUnusedGoFirstAndNoMoreThanItTakes) {
  const std::vector<Resident> residents{idle(10, 30), idle(10, 10), idle(10, 20)};
  EXPECT_EQ(plan_eviction(residents, 0, kNow).now, Indexes{});
  EXPECT_EQ(plan_eviction(residents, 10, kNow).now, Indexes{1});
  EXPECT_EQ(plan_eviction(residents, 11, kNow).now, (Indexes{1, 2}));
  const Eviction all = plan_eviction(residents, 31, kNow);
  EXPECT_FALSE(all.possible);
}

TEST(Eviction, ExpiredOnesAndLowPrioritiesGoBeforeOthersAndPinnedOnesNever) {
  std::vector<Resident> residents{idle(10, 10), idle(10, 20), idle(10, 30), idle(10, 5)};
  residents[2].expired = true;
  residents[1].priority = -1;
  residents[3].pinned = true;
  EXPECT_EQ(plan_eviction(residents, 30, kNow).now, (Indexes{2, 1, 0}));
  EXPECT_FALSE(plan_eviction(residents, 31, kNow).possible);
}

TEST(Eviction, ThoseInUseAreAskedOnlyWhereIdleOnesAreNotEnough) {
  const std::vector<Resident> residents{busy(10, 1), idle(10, 500), busy(10, 2)};
  const Eviction one = plan_eviction(residents, 10, kNow);
  EXPECT_EQ(one.now, Indexes{1});
  EXPECT_EQ(one.later, Indexes{});
  const Eviction two = plan_eviction(residents, 15, kNow);
  EXPECT_EQ(two.now, Indexes{1});
  EXPECT_EQ(two.later, Indexes{0});
  EXPECT_FALSE(two.look_again_after);
}

TEST(Eviction, NobodyIsAskedTwiceOrForMoreThanWhatWillComeBack) {
  std::vector<Resident> residents{busy(10, 1), busy(10, 2)};
  residents[1].leaving = true;
  const Eviction plan = plan_eviction(residents, 10, kNow);
  EXPECT_EQ(plan.later, Indexes{});
  EXPECT_TRUE(plan.possible);
}

TEST(Eviction, AModelStaysForSomeTimesOfWhatLoadingItTook) {
  std::vector<Resident> residents{busy(10, 1)};
  residents[0].loaded = kNow - seconds(7);
  residents[0].took = seconds(2);
  const Eviction early = plan_eviction(residents, 10, kNow);
  EXPECT_EQ(early.later, Indexes{});
  EXPECT_EQ(early.look_again_after, std::optional<Duration>(seconds(1)));
  EXPECT_EQ(plan_eviction(residents, 10, kNow + seconds(1)).later, Indexes{0});
  residents[0].n_held = 0;
  EXPECT_EQ(plan_eviction(residents, 10, kNow).now, Indexes{0}) << "an idle one may go at any time";
}

}  // namespace
}  // namespace quern::models::policy
