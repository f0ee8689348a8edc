#include "sched/stats.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using namespace std::chrono_literals;

TEST(Stats, BoundsAscend) {
  for (const HistogramBounds& bounds : {kWaitBounds, kGapBounds}) {
    EXPECT_EQ(std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()), bounds.end());
  }
}

TEST(AtomicHistogram, ABoundBelongsToItsBucket) {
  AtomicHistogram histogram(kWaitBounds);
  histogram.observe(0ns);
  histogram.observe(1ms);  // == bounds[0]
  histogram.observe(1001us);
  histogram.observe(120s);  // == the last bound
  histogram.observe(121s);
  const Histogram got = histogram.read();
  EXPECT_EQ(got.counts[0], 2u);
  EXPECT_EQ(got.counts[1], 1u);
  EXPECT_EQ(got.counts[Histogram::kBuckets - 2], 1u);
  EXPECT_EQ(got.counts[Histogram::kBuckets - 1], 1u);
  EXPECT_EQ(got.count, 5u);
  EXPECT_NEAR(got.sum, 241.002001, 1e-6);
  EXPECT_EQ(got.bounds, kWaitBounds);
}

TEST(Stats, EveryFinishReasonHasItsCounter) {
  Stats stats;
  stats.count_finish(FinishReason::stop);
  stats.count_finish(FinishReason::length);
  stats.count_finish(FinishReason::cancelled);
  stats.count_finish(FinishReason::failed);
  stats.count_finish(FinishReason::timed_out);
  stats.count_finish(FinishReason::refused);
  EXPECT_EQ(stats.finished_stop, 1u);
  EXPECT_EQ(stats.finished_length, 1u);
  EXPECT_EQ(stats.finished_cancelled, 1u);
  EXPECT_EQ(stats.finished_failed, 1u);
  EXPECT_EQ(stats.finished_timed_out, 1u);
  EXPECT_EQ(stats.finished_refused, 1u);
}

}  // namespace
}  // namespace quern::sched
