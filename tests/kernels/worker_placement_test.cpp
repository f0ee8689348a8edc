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

using Cpus = std::vector<std::uint32_t>;

Cpus cpus_of(const std::vector<WorkerPlace>& places) {
  Cpus out;
  for (const WorkerPlace& place : places) out.push_back(place.os_cpu);
  return out;
}

// Other processes with bound workers, and CPUs that are busy; what is claimed of the rest is kept.
struct Others {
  std::set<std::uint32_t> taken;
  std::vector<double> load;
  std::set<std::uint32_t> claimed;
  int n_measured = 0;

  CoreWatch watch() {
    return {.load =
                [this] {
                  ++n_measured;
                  return load;
                },
            .claim = [this](std::uint32_t cpu) { return !taken.contains(cpu) && claimed.insert(cpu).second; },
            .disclaim = [this](std::uint32_t cpu) { claimed.erase(cpu); }};
  }
};

TEST(WorkerChoice, TheSecondServerTakesTheNextCores) {
  const Topology t = machine("core:6 pu:1");
  Others others;
  const WorkerChoice first = choose_places(t, 2, others.watch());
  EXPECT_EQ(cpus_of(first.places), (Cpus{0, 1}));
  EXPECT_TRUE(first.taken.empty());
  others.taken = {0, 1};
  others.claimed = {};
  const WorkerChoice second = choose_places(t, 2, others.watch());
  EXPECT_EQ(cpus_of(second.places), (Cpus{2, 3}));
  EXPECT_EQ(second.taken, (Cpus{0, 1}));
  EXPECT_EQ(others.claimed, (std::set<std::uint32_t>{2, 3}));
  EXPECT_FALSE(second.shared);
}

TEST(WorkerChoice, BusyCoresComeAfterFreeOnesAndBeforeTakenOnes) {
  const Topology t = machine("core:4 pu:1");
  Others others;
  others.load = {0.9, 0.1, 0.5, 0.6};
  others.taken = {1};
  EXPECT_EQ(cpus_of(choose_places(t, 1, others.watch()).places), (Cpus{2}));
  others.claimed = {};
  const WorkerChoice three = choose_places(t, 3, others.watch());
  EXPECT_EQ(cpus_of(three.places), (Cpus{2, 0, 3}));
  EXPECT_EQ(three.busy, (Cpus{0, 3}));
  EXPECT_EQ(three.taken, (Cpus{1}));
}

TEST(WorkerChoice, ABusyHardwareThreadMakesItsCoreBusy) {
  const Topology t = machine("core:3 pu:2");  // CPUs 0,1 2,3 4,5
  Others others;
  others.load = {0, 1, 0, 0, 0, 0};
  EXPECT_EQ(cpus_of(choose_places(t, 1, others.watch()).places), (Cpus{2}));
}

TEST(WorkerChoice, WithoutAChoiceNothingIsMeasured) {
  Others others;
  others.load = {1, 1, 1, 1};
  const WorkerChoice all = choose_places(machine("core:4 pu:1"), 4, others.watch());
  EXPECT_EQ(cpus_of(all.places), (Cpus{0, 1, 2, 3}));
  EXPECT_EQ(others.n_measured, 0);
  EXPECT_TRUE(all.busy.empty());
}

TEST(WorkerChoice, TooFewFreeCoresLeaveThemToTheSystem) {
  const Topology t = machine("core:4 pu:1");
  Others others;
  others.taken = {1, 2};
  const WorkerChoice choice = choose_places(t, 3, others.watch());
  EXPECT_TRUE(choice.shared);
  EXPECT_EQ(cpus_of(choice.places), (Cpus{kNoCpu, kNoCpu, kNoCpu}));
  EXPECT_EQ(choice.taken, (Cpus{1, 2}));
  EXPECT_TRUE(others.claimed.empty()) << "nobody is bound, so nothing is kept from others";
}

TEST(WorkerChoice, ANodeThatIsTakenIsLeftForTheOther) {
  const Topology t = machine("numa:2 core:2 pu:1");
  Others others;
  EXPECT_EQ(nodes_of(choose_places(t, 2, others.watch()).places), (Nodes{0, 1}));
  others.taken = {0, 2};  // one of each
  others.claimed = {};
  EXPECT_EQ(cpus_of(choose_places(t, 2, others.watch()).places), (Cpus{1, 3}));
  others.taken = {0, 1};
  others.claimed = {};
  EXPECT_EQ(cpus_of(choose_places(t, 2, others.watch()).places), (Cpus{2, 3}));
  EXPECT_EQ(others.claimed, (std::set<std::uint32_t>{2, 3}));
}

TEST(WorkerChoice, ACoreClaimedMeanwhileIsGivenBackWhenNotUsed) {
  const Topology t = machine("numa:2 core:2 pu:1");
  Others others;
  others.taken = {2, 3};  // node 1 as a whole: the core of node 0 that was claimed first stays
  const WorkerChoice choice = choose_places(t, 2, others.watch());
  EXPECT_EQ(cpus_of(choice.places), (Cpus{0, 1}));
  EXPECT_EQ(others.claimed, (std::set<std::uint32_t>{0, 1}));
}

TEST(WorkerChoice, MoreWorkersThanCoresAskNobody) {
  Others others;
  const WorkerChoice choice = choose_places(machine("core:2 pu:1"), 3, others.watch());
  EXPECT_EQ(cpus_of(choice.places), (Cpus{kNoCpu, kNoCpu, kNoCpu}));
  EXPECT_TRUE(others.claimed.empty());
  EXPECT_EQ(others.n_measured, 0);
}

}  // namespace
}  // namespace quern::kernels
