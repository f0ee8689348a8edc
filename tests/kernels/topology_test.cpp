#include "kernels/topology.hpp"

#include "tests/support/temp_dir.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <hwloc.h>
#include <sched.h>
#include <stdlib.h>

namespace quern::kernels {
namespace {

TopologySource synthetic(const std::string& description) {
  TopologySource source;
  source.synthetic = description;
  source.cgroup_root = source.proc_self_cgroup = "/nonexistent";
  return source;
}

// Both directions of the relation between cores and nodes agree, and every core is on exactly one node.
void expect_consistent(const Topology& t) {
  std::size_t listed = 0;
  for (std::uint32_t node = 0; node < t.nodes.size(); ++node) {
    listed += t.nodes[node].cores.size();
    for (const std::uint32_t core : t.nodes[node].cores) {
      ASSERT_LT(core, t.cores.size());
      EXPECT_EQ(t.cores[core].node, node);
    }
    EXPECT_FALSE(t.nodes[node].cores.empty());
  }
  EXPECT_EQ(listed, t.cores.size());
}

TEST(Topology, TwoNodesWithHyperthreads) {
  const Topology t = read_topology(synthetic("numa:2 core:4 pu:2")).value();
  ASSERT_EQ(t.cores.size(), 8u);
  ASSERT_EQ(t.nodes.size(), 2u);
  expect_consistent(t);
  EXPECT_FALSE(t.bindable);
  for (std::uint32_t i = 0; i < 8; ++i) {
    EXPECT_EQ(t.cores[i].os_cpu, 2 * i);  // the first hardware thread of each core
    EXPECT_EQ(t.cores[i].node, i / 4);
    EXPECT_FALSE(t.cores[i].efficiency);
  }
  EXPECT_EQ(t.default_workers(), 8u);
  EXPECT_GT(t.nodes[0].memory_bytes, 0u);
}

TEST(Topology, FourNodesWithoutHyperthreads) {
  const Topology t = read_topology(synthetic("numa:4 core:2 pu:1")).value();
  EXPECT_EQ(t.cores.size(), 8u);
  EXPECT_EQ(t.nodes.size(), 4u);
  expect_consistent(t);
  EXPECT_EQ(t.nodes[3].os_node, 3u);
}

TEST(Topology, OneCore) {
  const Topology t = read_topology(synthetic("core:1 pu:1")).value();
  EXPECT_EQ(t.cores.size(), 1u);
  EXPECT_EQ(t.nodes.size(), 1u);
  EXPECT_EQ(t.default_workers(), 1u);
}

TEST(Topology, ManyCoresAndCaches) {
  const Topology t =
      read_topology(synthetic("pack:2 numa:4 l3:2(size=33554432) l2:8(size=1048576) core:1 pu:2")).value();
  EXPECT_EQ(t.cores.size(), 128u);
  EXPECT_EQ(t.nodes.size(), 8u);
  expect_consistent(t);
  EXPECT_EQ(t.l2_bytes, 1048576u);
  EXPECT_EQ(t.l3_bytes, 33554432u);
}

TEST(Topology, UnknownCachesAreZero) {
  const Topology t = read_topology(synthetic("core:2 pu:1")).value();
  EXPECT_EQ(t.l2_bytes, 0u);
  EXPECT_EQ(t.l3_bytes, 0u);
}

TEST(Topology, HardwareThreadsCountAsCoresWhereCoresAreHidden) {
  EXPECT_EQ(read_topology(synthetic("numa:1 pu:3")).value().cores.size(), 3u);
}

TEST(Topology, MalformedDescriptionIsNamed) {
  for (const char* text : {"nonsense", "numa:x core:2", "core:0 pu:1", "numa:2 core:"}) {
    const Result<Topology> t = read_topology(synthetic(text));
    ASSERT_FALSE(t) << text;
    EXPECT_EQ(t.error().code, Errc::bad_input);
    EXPECT_NE(t.error().detail.find(text), std::string::npos) << t.error().detail;
  }
}

TEST(Topology, DescriptionFromTheEnvironment) {
  ASSERT_EQ(::setenv("HWLOC_SYNTHETIC", "numa:3 core:2 pu:1", 1), 0);
  const Result<Topology> good = read_topology(synthetic(""));
  ASSERT_EQ(::setenv("HWLOC_SYNTHETIC", "not a machine", 1), 0);
  const Result<Topology> bad = read_topology(synthetic(""));
  ASSERT_EQ(::unsetenv("HWLOC_SYNTHETIC"), 0);
  EXPECT_EQ(good.value().nodes.size(), 3u);
  EXPECT_FALSE(good.value().bindable);
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().detail.find("not a machine"), std::string::npos);
}

TEST(Topology, MalformedMachineFileIsNamed) {
  const test::TempDir dir;
  for (const std::string& path : {dir.path("missing.xml"), dir.write("bad.xml", "this is not XML")}) {
    TopologySource source = synthetic("");
    source.xml_path = path;
    const Result<Topology> t = read_topology(source);
    ASSERT_FALSE(t) << path;
    EXPECT_NE(t.error().detail.find(path), std::string::npos) << t.error().detail;
  }
}

// Writes down a machine of 6 cores whose kinds are given by CPU masks, weakest kind first.
struct Kind {
  const char* cpus;
  const char* core_type;  // nullptr: unnamed
};
std::string write_hybrid(const test::TempDir& dir, const std::vector<Kind>& kinds) {
  hwloc_topology_t t = nullptr;
  EXPECT_EQ(hwloc_topology_init(&t), 0);
  EXPECT_EQ(hwloc_topology_set_synthetic(t, "numa:1 core:6 pu:1"), 0);
  EXPECT_EQ(hwloc_topology_load(t), 0);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    hwloc_bitmap_list_sscanf(set, kinds[i].cpus);
    std::string name = "CoreType", value = kinds[i].core_type != nullptr ? kinds[i].core_type : "";
    hwloc_info_s info{name.data(), value.data()};
    EXPECT_EQ(hwloc_cpukinds_register(t, set, static_cast<int>(i), kinds[i].core_type ? 1 : 0, &info, 0), 0);
    hwloc_bitmap_free(set);
  }
  const std::string path = dir.path("machine.xml");
  EXPECT_EQ(hwloc_topology_export_xml(t, path.c_str(), 0), 0);
  hwloc_topology_destroy(t);
  return path;
}

TopologySource from_file(const std::string& path) {
  TopologySource source = synthetic("");
  source.xml_path = path;
  return source;
}

TEST(TopologyHybrid, PerformanceCoresComeFirstAndAloneCount) {
  const test::TempDir dir;
  const Topology t = read_topology(from_file(write_hybrid(dir, {{"0-3", nullptr}, {"4-5", nullptr}}))).value();
  ASSERT_EQ(t.cores.size(), 6u);
  expect_consistent(t);
  EXPECT_EQ(t.cores[0].os_cpu, 4u);
  EXPECT_EQ(t.cores[1].os_cpu, 5u);
  EXPECT_EQ(t.cores[2].os_cpu, 0u);
  EXPECT_FALSE(t.cores[1].efficiency);
  EXPECT_TRUE(t.cores[2].efficiency);
  EXPECT_EQ(t.default_workers(), 2u);
  EXPECT_FALSE(t.bindable);
}

TEST(TopologyHybrid, OnlyTheWeakestOfThreeUnnamedKindsIsEfficient) {
  const test::TempDir dir;  // a prime, three big and two little cores
  const Topology t =
      read_topology(from_file(write_hybrid(dir, {{"0-1", nullptr}, {"2-4", nullptr}, {"5", nullptr}}))).value();
  EXPECT_EQ(t.default_workers(), 4u);
}

TEST(TopologyHybrid, NamedKindsAreTakenAtTheirWord) {
  const test::TempDir dir;  // two kinds of Atom cores beside one kind of big core
  const Topology t =
      read_topology(from_file(write_hybrid(dir, {{"0-1", "IntelAtom"}, {"2-3", "IntelAtom"}, {"4-5", "IntelCore"}})))
          .value();
  EXPECT_EQ(t.default_workers(), 2u);
}

TEST(TopologyQuota, CapsTheDefaultWorkersRoundedDownButNotBelowOne) {
  Topology t = read_topology(synthetic("core:8 pu:1")).value();
  EXPECT_EQ(t.cpu_quota, 0);
  const std::pair<double, std::uint32_t> cases[] = {{0, 8}, {0.5, 1}, {1, 1}, {1.5, 1}, {2.99, 2}, {8, 8}, {64, 8}};
  for (const auto& [quota, workers] : cases) {
    t.cpu_quota = quota;
    EXPECT_EQ(t.default_workers(), workers) << quota;
  }
}

TEST(TopologyQuota, ComesFromTheCgroupTree) {
  const test::TempDir dir;
  TopologySource source = synthetic("core:8 pu:1");
  source.proc_self_cgroup = dir.write("self", "0::/a/b\n");
  source.cgroup_root = dir.path("sys");
  dir.write("sys/a/cpu.max", "350000 100000\n");
  const Topology t = read_topology(source).value();
  EXPECT_DOUBLE_EQ(t.cpu_quota, 3.5);
  EXPECT_EQ(t.default_workers(), 3u);
}

TEST(Topology, OfThisMachineIsConsistent) {
  const Topology t = read_topology().value();
  expect_consistent(t);
  std::set<std::uint32_t> cpus;
  for (const Core& core : t.cores) cpus.insert(core.os_cpu);
  EXPECT_EQ(cpus.size(), t.cores.size());
  EXPECT_GE(t.default_workers(), 1u);
}

TEST(Topology, AffinityMaskNarrowsTheCores) {
  const Topology all = read_topology().value();
  if (!all.bindable) GTEST_SKIP() << "HWLOC_SYNTHETIC is set: the mask means nothing";
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  CPU_SET(all.cores.back().os_cpu, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  const Result<Topology> narrowed = read_topology();
  TopologySource ignoring;
  ignoring.use_affinity = false;
  const Result<Topology> ignored = read_topology(ignoring);
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  ASSERT_EQ(narrowed.value().cores.size(), 1u);
  EXPECT_EQ(narrowed.value().cores[0].os_cpu, all.cores.back().os_cpu);
  EXPECT_EQ(narrowed.value().nodes.size(), 1u);
  EXPECT_GE(ignored.value().cores.size(), all.cores.size());
}

}  // namespace
}  // namespace quern::kernels
