#include "server/descriptor_limit.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace quern::server {
namespace {

TEST(PlanDescriptors, RaisesToWhatIsNeededAndNeverLowers) {
  const DescriptorPlan raised = plan_descriptors(4096, 10, 1024, 1 << 20, false);
  EXPECT_EQ(raised.max_connections, 4096u);
  EXPECT_GE(raised.limit, 4096u + 10 + kReservedPlaces + kMaxRefusals);
  EXPECT_LT(raised.limit, 4096u + 1024);
  EXPECT_EQ(plan_descriptors(16, 10, 1024, 4096, false).limit, 1024u);
  EXPECT_EQ(plan_descriptors(16, 10, RLIM_INFINITY, RLIM_INFINITY, false).limit, RLIM_INFINITY);
}

TEST(PlanDescriptors, ALowHardLimitMeansFewerConnections) {
  const DescriptorPlan plan = plan_descriptors(4096, 10, 512, 1024, false);
  EXPECT_EQ(plan.limit, 1024u);
  EXPECT_LT(plan.max_connections, 1024u - 10 - kReservedPlaces - kMaxRefusals);
  EXPECT_GT(plan.max_connections, 800u);
  EXPECT_EQ(plan_descriptors(4096, 10, 16, 16, false).max_connections, 1u);
  EXPECT_EQ(plan_descriptors(4096, 10, 16, 16, true).max_connections, 4096u) << "root may raise it";
}

TEST(FitDescriptors, RaisesTheLimitOfThisProcess) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 1024) GTEST_SKIP() << "only " << before.rlim_max << " open files are allowed here";
  const rlimit low{.rlim_cur = 256, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(fit_descriptors(500), 500u);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_GE(after.rlim_cur, 500u + kReservedPlaces + kMaxRefusals);
  EXPECT_GE(after.rlim_max, before.rlim_max);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace quern::server
