#include "kernels/worker_placement.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

Topology machine(const std::string& description) {
  TopologySource source;
  source.synthetic = description;
  return read_topology(source).value();
}

std::vector<std::uint32_t> nodes_of(const std::vector<WorkerPlace>& places) {
  std::vector<std::uint32_t> nodes;
  for (const WorkerPlace& place : places) nodes.push_back(place.node);
  return nodes;
}

using Nodes = std::vector<std::uint32_t>;

TEST(WorkerPlacement, OneNodeIsFilledInOrder) {
  const auto places = place_workers(machine("core:4 pu:2"), 3);
  ASSERT_EQ(places.size(), 3u);
  for (std::uint32_t w = 0; w < 3; ++w) EXPECT_EQ(places[w].os_cpu, 2 * w);
}

TEST(WorkerPlacement, NodesShareEvenlyInBlocks) {
  EXPECT_EQ(nodes_of(place_workers(machine("numa:2 core:4 pu:1"), 4)), (Nodes{0, 0, 1, 1}));
  EXPECT_EQ(nodes_of(place_workers(machine("numa:2 core:4 pu:1"), 5)), (Nodes{0, 0, 0, 1, 1}));
  EXPECT_EQ(nodes_of(place_workers(machine("numa:4 core:2 pu:1"), 8)), (Nodes{0, 0, 1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(nodes_of(place_workers(machine("numa:4 core:2 pu:1"), 2)), (Nodes{0, 1}));
}

TEST(WorkerPlacement, NoCoreIsGivenTwice) {
  const Topology t = machine("numa:4 core:6 pu:2");
  for (std::uint32_t n = 1; n <= 24; ++n) {
    const auto places = place_workers(t, n);
    std::set<std::uint32_t> cpus;
    for (const WorkerPlace& place : places) {
      EXPECT_NE(place.os_cpu, kNoCpu);
      cpus.insert(place.os_cpu);
      EXPECT_EQ(place.node, place.os_cpu / 12);
    }
    EXPECT_EQ(cpus.size(), n);
  }
}

TEST(WorkerPlacement, SmallNodeIsNotOverfilled) {
  Topology t = machine("numa:2 core:4 pu:1");
  t.cores.resize(5);  // the affinity mask allows one core of node 1
  t.nodes[1].cores.resize(1);
  EXPECT_EQ(nodes_of(place_workers(t, 4)), (Nodes{0, 0, 0, 1}));
}

TEST(WorkerPlacement, MoreWorkersThanCoresAreNotPinned) {
  const auto places = place_workers(machine("numa:2 core:1 pu:1"), 5);
  EXPECT_EQ(nodes_of(places), (Nodes{0, 0, 0, 1, 1}));
  for (const WorkerPlace& place : places) EXPECT_EQ(place.os_cpu, kNoCpu);
}

TEST(WorkerPlacement, EfficiencyCoresOnlyWhenTheOthersDoNotSuffice) {
  Topology t;
  t.cores = {{.os_cpu = 8, .node = 0, .efficiency = false},
             {.os_cpu = 9, .node = 0, .efficiency = false},
             {.os_cpu = 0, .node = 0, .efficiency = true}};
  t.nodes = {{.os_node = 0, .memory_bytes = 0, .cores = {0, 1, 2}}};
  EXPECT_EQ(place_workers(t, 2)[1].os_cpu, 9u);
  EXPECT_EQ(place_workers(t, 3)[2].os_cpu, 0u);
}

TEST(WorkerPlacement, EmptyTopologyLeavesAllToTheSystem) {
  const auto places = place_workers(Topology{}, 2);
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[1].os_cpu, kNoCpu);
  EXPECT_EQ(places[1].node, 0u);
}

}  // namespace
}  // namespace quern::kernels
