#include "sched/conductor.hpp"

#include "kernels/topology.hpp"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

TEST(Conductor, OneEngineStepsAtATime) {
  Conductor conductor;
  constexpr int kEngines = 4, kSteps = 500;
  int n_stepping = 0, n_steps = 0, most = 0;  // no atomics: the turn is what protects them
  {
    std::vector<std::jthread> engines;
    for (int i = 0; i < kEngines; ++i) {
      engines.emplace_back([&] {
        Conductor::Seat seat(conductor);
        for (int step = 0; step < kSteps; ++step) {
          const Conductor::Turn turn(seat.conductor());
          most = std::max(most, ++n_stepping);
          ++n_steps;
          --n_stepping;
        }
      });
    }
  }
  EXPECT_EQ(most, 1);
  EXPECT_EQ(n_steps, kEngines * kSteps);
}

TEST(Conductor, AnEngineSeesWhatTheOthersHave) {
  Conductor conductor;
  Conductor::Seat a(conductor), b(conductor);
  auto c = std::make_unique<Conductor::Seat>(conductor);
  a.publish(0.1, 0.12, false);
  b.publish(0.25, 0.5, true);
  c->publish(0, 0, true);
  EXPECT_DOUBLE_EQ(a.others().decodes_s, 0.25);
  EXPECT_EQ(a.others().n_claims, 2u);
  EXPECT_DOUBLE_EQ(c->others().decodes_s, 0.35);
  EXPECT_DOUBLE_EQ(c->others().slow_s, 0.62);
  EXPECT_EQ(c->others().n_claims, 1u);
  c.reset();
  EXPECT_EQ(a.others().n_claims, 1u);
  const Conductor::Seat again(conductor);
  EXPECT_EQ(a.others().n_claims, 1u) << "whoever takes the place starts with nothing";
}

TEST(Conductor, WorkOfATurnIsDoneOnceEachOnAllCores) {
  const kernels::Topology topology = kernels::read_topology().value();
  const auto pool = kernels::CorePool::create(topology, {.n_workers = 3, .pin = false}).value();
  for (kernels::CorePool* const cores : {pool.get(), static_cast<kernels::CorePool*>(nullptr)}) {
    Conductor conductor(cores);
    for (const std::size_t n : {0, 1, 2, 1000}) {
      std::vector<int> done(n);
      conductor.for_each(n, [&](std::size_t i) { ++done[i]; });
      EXPECT_EQ(done, std::vector<int>(n, 1));
    }
  }
}

TEST(Conductor, NumbersAllRequests) {
  Conductor conductor;
  EXPECT_EQ(conductor.next_id(), 1u);
  EXPECT_EQ(conductor.next_id(), 2u);
}

}  // namespace
}  // namespace quern::sched
