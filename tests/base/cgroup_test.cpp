#include "base/cgroup.hpp"

#include "tests/support/temp_dir.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern {
namespace {

// A fake /sys/fs/cgroup and /proc/self/cgroup.
struct FakeTree {
  test::TempDir dir;
  CgroupSource source;

  explicit FakeTree(const std::string& proc_self_cgroup) {
    source.root = dir.path("sys");
    source.proc_self_cgroup = dir.write("proc_self_cgroup", proc_self_cgroup);
  }
  FakeTree& file(const std::string& path, const std::string& text) {
    dir.write("sys/" + path, text);
    return *this;
  }
  double quota() const { return cgroup_cpu_quota(source); }
  std::uint64_t memory() const { return cgroup_memory_limit(source); }
};

TEST(CgroupV2, FractionOfACpu) {
  EXPECT_DOUBLE_EQ(FakeTree("0::/\n").file("cpu.max", "150000 100000\n").quota(), 1.5);
}

TEST(CgroupV2, MaxIsNoLimit) {
  FakeTree tree("0::/\n");
  tree.file("cpu.max", "max 100000\n").file("memory.max", "max\n").file("memory.high", "max\n");
  EXPECT_EQ(tree.quota(), 0);
  EXPECT_EQ(tree.memory(), UINT64_MAX);
}

TEST(CgroupV2, SmallestOfAllLevelsHolds) {
  FakeTree tree("0::/user.slice/app.service\n");
  tree.file("user.slice/app.service/cpu.max", "400000 100000\n")
      .file("user.slice/cpu.max", "250000 100000\n")
      .file("cpu.max", "max 100000\n")
      .file("user.slice/app.service/memory.max", "3000000000\n")
      .file("user.slice/memory.max", "2000000000\n");
  EXPECT_DOUBLE_EQ(tree.quota(), 2.5);
  EXPECT_EQ(tree.memory(), 2'000'000'000u);
  tree.file("user.slice/app.service/memory.high", "1500000000\n");
  EXPECT_EQ(tree.memory(), 1'500'000'000u);
}

TEST(CgroupV2, PathOfTheHostInsideAContainerFallsBackToTheRoot) {
  FakeTree tree("0::/docker/0123abcd\n");  // the container sees its own group mounted at the root
  tree.file("cpu.max", "50000 100000\n");
  EXPECT_DOUBLE_EQ(tree.quota(), 0.5);
}

TEST(CgroupV2, PathOutsideOfTheNamespaceDoesNotLeaveTheTree) {
  FakeTree tree("0::/../other\n");
  tree.file("cpu.max", "200000 100000\n");
  tree.dir.write("other/cpu.max", "10000 100000\n");
  EXPECT_DOUBLE_EQ(tree.quota(), 2);
}

TEST(CgroupV1, NestedBelowAControllerPair) {
  FakeTree tree("5:memory:/jobs/7\n4:cpu,cpuacct:/jobs/7\n1:name=systemd:/jobs\n");
  tree.file("cpu,cpuacct/jobs/7/cpu.cfs_quota_us", "-1\n")
      .file("cpu,cpuacct/jobs/7/cpu.cfs_period_us", "100000\n")
      .file("cpu,cpuacct/jobs/cpu.cfs_quota_us", "75000\n")
      .file("cpu,cpuacct/jobs/cpu.cfs_period_us", "50000\n")
      .file("memory/jobs/7/memory.limit_in_bytes", "1073741824\n")
      .file("memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_DOUBLE_EQ(tree.quota(), 1.5);
  EXPECT_EQ(tree.memory(), std::uint64_t{1} << 30);
}

TEST(CgroupV1, ControllerMountedUnderItsOwnName) {
  FakeTree tree("4:cpuacct,cpu:/\n");
  tree.file("cpu/cpu.cfs_quota_us", "300000\n").file("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(tree.quota(), 3);
}

TEST(CgroupHybrid, BothVersionsCount) {
  FakeTree tree("2:cpu:/a\n0::/b\n");
  tree.file("cpu/a/cpu.cfs_quota_us", "400000\n")
      .file("cpu/a/cpu.cfs_period_us", "100000\n")
      .file("unified/b/cpu.max", "350000 100000\n");
  EXPECT_DOUBLE_EQ(tree.quota(), 3.5);
}

TEST(Cgroup, GarbageIsNoLimit) {
  for (const char* text : {"", "\n", "abc def\n", "150000\n", "150000 0\n", "0 100000\n", "-5 100000\n", "1e5 100000\n",
                           "99999999999999999999 100000\n", "100000 100000 100000\n"}) {
    EXPECT_EQ(FakeTree("0::/\n").file("cpu.max", text).quota(), 0) << text;
  }
  for (const char* text : {"", "lots\n", "-1\n", "0\n", "12k\n", "99999999999999999999\n"}) {
    EXPECT_EQ(FakeTree("0::/\n").file("memory.max", text).memory(), UINT64_MAX) << text;
  }
  FakeTree v1("2:cpu:/\n");
  v1.file("cpu/cpu.cfs_quota_us", "100000\n");  // without a period
  EXPECT_EQ(v1.quota(), 0);
}

TEST(Cgroup, GarbageInTheListingIsSkipped) {
  for (const char* listing : {"", "\n\n", "0::", "nonsense", "0::relative/path\n", ":::::\n", "1:cpu\n"}) {
    FakeTree tree(listing);
    EXPECT_EQ(tree.quota(), 0) << listing;
    EXPECT_EQ(tree.memory(), UINT64_MAX) << listing;
  }
}

TEST(Cgroup, MissingListingStillReadsTheRoot) {
  FakeTree tree("");
  tree.source.proc_self_cgroup = tree.dir.path("nowhere");
  tree.file("cpu.max", "120000 100000\n");
  EXPECT_DOUBLE_EQ(tree.quota(), 1.2);
}

TEST(Cgroup, NoFilesAtAllIsNoLimit) {
  const CgroupSource nowhere{.root = "/nonexistent", .proc_self_cgroup = "/nonexistent/self"};
  EXPECT_EQ(cgroup_cpu_quota(nowhere), 0);
  EXPECT_EQ(cgroup_memory_limit(nowhere), UINT64_MAX);
}

TEST(Cgroup, GroupNameWithColonsAndCommas) {
  FakeTree tree("0::/a:b/c,d\n");
  tree.file("a:b/c,d/cpu.max", "70000 100000\n");
  EXPECT_DOUBLE_EQ(tree.quota(), 0.7);
}

}  // namespace
}  // namespace quern
