#include "kernels/cpu_load.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

TEST(CpuTimes, OfEachCpuWithoutTheSum) {
  const auto times = parse_cpu_times(
      "cpu  30 0 30 140 0 0 0 0 0 0\n"
      "cpu0 10 0 10 70 10 0 0 0 5 0\n"
      "cpu2 1 2 3 4 5 6 7 8 0 0\n"
      "intr 12345 1 2\nctxt 99\n");
  ASSERT_EQ(times.size(), 3u);
  EXPECT_EQ(times[0].all, 100u);  // guest time is part of user time
  EXPECT_EQ(times[0].idle, 80u);
  EXPECT_EQ(times[1].all, 0u);  // off line
  EXPECT_EQ(times[2].all, 36u);
  EXPECT_EQ(times[2].idle, 9u);
}

TEST(CpuTimes, NonsenseIsNoCpu) {
  EXPECT_TRUE(parse_cpu_times("").empty());
  EXPECT_TRUE(parse_cpu_times("\n\ncpu\ncpux 1 2\ncpu99999999 1 2 3 4\ncpu99999999999999999999 1\n").empty());
  const auto times = parse_cpu_times("cpu0\ncpu1 5 x\ncpu2 1 2 3 4");
  ASSERT_EQ(times.size(), 3u);
  EXPECT_EQ(times[0].all, 0u);
  EXPECT_EQ(times[1].all, 5u);
  EXPECT_EQ(times[2].all, 10u);
}

TEST(CpuLoad, IsTheShareOfTimeBetweenReadings) {
  const std::vector<CpuTimes> before{{100, 200}, {0, 0}, {50, 60}, {50, 60}};
  const std::vector<CpuTimes> after{{105, 220}, {10, 10}, {50, 60}, {10, 20}};
  const std::vector<double> load = cpu_load(before, after);
  ASSERT_EQ(load.size(), 4u);
  EXPECT_DOUBLE_EQ(load[0], 0.75);
  EXPECT_DOUBLE_EQ(load[1], 0);
  EXPECT_DOUBLE_EQ(load[2], 0);  // no tick passed
  EXPECT_DOUBLE_EQ(load[3], 0);  // counts from 0 again
  EXPECT_EQ(cpu_load(before, {}).size(), 0u);
}

TEST(CpuLoad, OfThisMachineIsAShare) {
  for (const double share : measure_cpu_load(std::chrono::milliseconds(0))) {
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
  }
  EXPECT_TRUE(measure_cpu_load(std::chrono::milliseconds(0), "/nonexistent").empty());
}

}  // namespace
}  // namespace quern::kernels
