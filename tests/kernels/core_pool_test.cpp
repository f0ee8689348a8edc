#include "kernels/core_pool.hpp"

#include "kernels/worker_placement.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

namespace quern::kernels {
namespace {

Topology machine(const std::string& description) {
  TopologySource source;
  source.synthetic = description;
  source.cgroup_root = source.proc_self_cgroup = "/nonexistent";
  return read_topology(source).value();
}

std::unique_ptr<CorePool> pool_of(std::uint32_t n_workers, std::uint32_t spin_iterations = 0,
                                  const std::string& description = "core:2 pu:1") {
  CorePoolOptions options;
  options.n_workers = n_workers;
  options.spin_iterations = spin_iterations;
  return CorePool::create(machine(description), options).value();
}

struct Case {
  std::uint32_t n_workers;
  std::uint32_t spin_iterations;
};

std::string case_name(const testing::TestParamInfo<Case>& c) {
  return "workers" + std::to_string(c.param.n_workers) + "_spin" + std::to_string(c.param.spin_iterations);
}

class CorePoolTest : public testing::TestWithParam<Case> {
 protected:
  std::unique_ptr<CorePool> pool_ = pool_of(GetParam().n_workers, GetParam().spin_iterations);
};

// Plain, unsynchronized variables: TSan proves that run() orders them.
TEST_P(CorePoolTest, EveryWorkerRunsOncePerCall) {
  std::vector<std::uint64_t> calls(pool_->n_workers(), 0);
  for (std::uint64_t round = 1; round <= 500; ++round) {
    std::uint64_t input = round;  // on the caller's stack, read by all
    pool_->run([&](std::uint32_t worker) { calls[worker] += input - round + 1; });
    for (const std::uint64_t n : calls) ASSERT_EQ(n, round);
  }
}

TEST_P(CorePoolTest, CallerIsWorkerZero) {
  const auto caller = std::this_thread::get_id();
  std::vector<std::thread::id> ids(pool_->n_workers());
  pool_->run([&](std::uint32_t worker) { ids[worker] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], caller);
  for (std::size_t w = 1; w < ids.size(); ++w) EXPECT_NE(ids[w], caller);
}

TEST_P(CorePoolTest, BarrierSeparatesStages) {
  const std::uint32_t n = pool_->n_workers();
  constexpr std::uint64_t kStages = 50;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::uint64_t> value(n, 0);
    std::atomic<bool> wrong{false};
    pool_->run([&](std::uint32_t worker) {
      for (std::uint64_t stage = 1; stage <= kStages; ++stage) {
        value[worker] = stage;
        pool_->barrier(worker);
        for (const std::uint64_t v : value) {
          if (v != stage) wrong = true;
        }
        pool_->barrier(worker);
      }
    });
    ASSERT_FALSE(wrong);
  }
}

TEST_P(CorePoolTest, SleepersWakeAfterAnIdleTime) {
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // not a race: longer than any spin, so workers do sleep
    std::atomic<std::uint32_t> calls{0};
    pool_->run([&](std::uint32_t) { calls.fetch_add(1); });
    EXPECT_EQ(calls, pool_->n_workers());
  }
}

TEST_P(CorePoolTest, RunMayMoveBetweenThreads) {
  for (int round = 0; round < 5; ++round) {
    std::vector<std::uint32_t> calls(pool_->n_workers(), 0);
    std::thread([&] { pool_->run([&](std::uint32_t worker) { ++calls[worker]; }); }).join();
    pool_->run([&](std::uint32_t worker) { ++calls[worker]; });
    EXPECT_EQ(calls, std::vector<std::uint32_t>(pool_->n_workers(), 2));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, CorePoolTest,
                         testing::Values(Case{1, 0}, Case{2, 0}, Case{2, 1}, Case{2, 2000}, Case{3, 1}, Case{5, 0},
                                         Case{8, 50}),
                         &case_name);

TEST(CorePool, ConstAndMutableBodies) {
  const auto pool = pool_of(2);
  std::atomic<int> calls{0};
  const auto body = [&](std::uint32_t) { calls.fetch_add(1); };
  pool->run(body);
  int on_caller = 0;
  auto counting = [&, n = 0](std::uint32_t worker) mutable {
    if (worker == 0) on_caller = ++n;
  };
  pool->run(counting);
  pool->run(counting);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(on_caller, 2);
}

TEST(CorePool, DefaultIsWhatTheTopologySuggests) {
  EXPECT_EQ(CorePool::create(machine("core:3 pu:2"), {}).value()->n_workers(), 3u);
}

TEST(CorePool, AbsurdWorkerCountIsRefused) {
  CorePoolOptions options;
  options.n_workers = kWorkersMax + 1;
  const auto pool = CorePool::create(machine("core:2 pu:1"), options);
  ASSERT_FALSE(pool);
  EXPECT_EQ(pool.error().field, "n_workers");
  EXPECT_NE(pool.error().detail.find("1025"), std::string::npos) << pool.error().detail;
}

TEST(CorePool, DoesNotSpinWhereCpusAreShort) {
  EXPECT_GT(pool_of(2)->spin_iterations(), 1u);
  EXPECT_EQ(pool_of(3)->spin_iterations(), 1u);  // two cores
  Topology throttled = machine("core:4 pu:1");
  throttled.cpu_quota = 1.5;
  CorePoolOptions options;
  options.n_workers = 2;
  EXPECT_EQ(CorePool::create(throttled, options).value()->spin_iterations(), 1u);
}

TEST(CorePool, NodesOfWorkersAreContiguous) {
  const auto pool = pool_of(8, 1, "numa:2 core:4 pu:1");
  EXPECT_EQ(pool->n_nodes(), 2u);
  for (std::uint32_t w = 0; w < 8; ++w) EXPECT_EQ(pool->node_of(w), w / 4);
}

const CoreWatch kNobodyElse{
    .load = [] { return std::vector<double>(); }, .claim = [](std::uint32_t) { return true; }, .disclaim = {}};

TEST(CorePool, WorkersArePinnedAndNamedAndBlockSignals) {
  const Topology here = read_topology().value();
  if (!here.bindable || here.cores.size() < 2) GTEST_SKIP() << "needs two real cores";
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  CorePoolOptions options;
  options.n_workers = 2;
  options.pin_caller = true;
  options.watch = &kNobodyElse;
  const auto pool = CorePool::create(here, options).value();
  std::vector<cpu_set_t> masks(2);
  std::vector<std::array<char, 16>> names(2);
  bool blocked = false, fault_blocked = true;
  pool->run([&](std::uint32_t worker) {
    ::sched_getaffinity(0, sizeof masks[worker], &masks[worker]);
    ::pthread_getname_np(::pthread_self(), names[worker].data(), names[worker].size());
    if (worker == 1) {
      sigset_t set;
      ::pthread_sigmask(SIG_SETMASK, nullptr, &set);
      blocked = ::sigismember(&set, SIGTERM) == 1;
      fault_blocked = ::sigismember(&set, SIGBUS) == 1;
    }
  });
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  for (std::size_t w = 0; w < 2; ++w) {
    EXPECT_EQ(CPU_COUNT(&masks[w]), 1);
    EXPECT_TRUE(CPU_ISSET(here.cores[w].os_cpu, &masks[w]));
  }
  EXPECT_STREQ(names[1].data(), "quern-w1");
  EXPECT_TRUE(blocked);
  EXPECT_FALSE(fault_blocked);
  sigset_t own;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &own);
  EXPECT_EQ(::sigismember(&own, SIGTERM), 0);  // the caller's mask is as it was
}

// The engine thread of a server: it did not create the pool.
TEST(CorePool, AThreadThatComesLaterIsPinnedAsWorkerZero) {
  const Topology here = read_topology().value();
  if (!here.bindable) GTEST_SKIP() << "needs a real core";
  CorePoolOptions options;
  options.n_workers = 1;
  options.watch = &kNobodyElse;
  for (const bool pin : {true, false}) {
    options.pin = pin;
    const auto pool = CorePool::create(here, options).value();
    cpu_set_t mask, own;
    ASSERT_EQ(::sched_getaffinity(0, sizeof own, &own), 0);
    std::thread([&] {
      pool->pin_caller();
      ::sched_getaffinity(0, sizeof mask, &mask);
    }).join();
    EXPECT_EQ(CPU_COUNT(&mask), pin ? 1 : CPU_COUNT(&own));
    EXPECT_TRUE(CPU_ISSET(here.cores[0].os_cpu, &mask));
  }
}

TEST(CorePool, TakesTheCoreThatNobodyElseHas) {
  const Topology here = read_topology().value();
  if (!here.bindable || here.cores.size() < 2) GTEST_SKIP() << "needs two real cores";
  const std::uint32_t first = here.cores[0].os_cpu;
  const CoreWatch watch{.load = [] { return std::vector<double>(); },
                        .claim = [first](std::uint32_t cpu) { return cpu != first; },
                        .disclaim = [](std::uint32_t) {}};
  CorePoolOptions options;
  options.watch = &watch;
  const auto mask_of_worker_zero = [&](std::uint32_t n_workers) {
    options.n_workers = n_workers;
    const auto pool = CorePool::create(here, options).value();
    cpu_set_t mask;
    std::thread([&] {
      pool->pin_caller();
      ::sched_getaffinity(0, sizeof mask, &mask);
    }).join();
    return mask;
  };
  cpu_set_t mask = mask_of_worker_zero(1);
  EXPECT_EQ(CPU_COUNT(&mask), 1);
  EXPECT_FALSE(CPU_ISSET(first, &mask));
  const auto n_cores = static_cast<std::uint32_t>(here.cores.size());
  mask = mask_of_worker_zero(n_cores);
  EXPECT_TRUE(CPU_ISSET(first, &mask)) << "all cores are wanted and one is taken: unbound";
}

TEST(CorePool, StartsAndStopsWithoutWork) {
  for (int i = 0; i < 50; ++i) pool_of(4);
}

TEST(ShareOf, CoversEverythingOnceAndEvenly) {
  for (const std::size_t n : {0u, 1u, 5u, 16u, 31u, 64u, 1000u, 4096u}) {
    for (const std::size_t granularity : {1u, 4u, 16u, 100u}) {
      for (std::uint32_t n_workers = 1; n_workers <= 9; ++n_workers) {
        std::size_t next = 0, smallest = SIZE_MAX, largest = 0;
        for (std::uint32_t w = 0; w < n_workers; ++w) {
          const Range r = share_of(n, granularity, w, n_workers);
          ASSERT_EQ(r.begin, next);
          ASSERT_LE(r.begin, r.end);
          ASSERT_TRUE(r.end == n || r.end % granularity == 0);
          next = r.end;
          const std::size_t units = (r.end - r.begin + granularity - 1) / granularity;
          smallest = std::min(smallest, units);
          largest = std::max(largest, units);
        }
        ASSERT_EQ(next, n);
        ASSERT_LE(largest - smallest, 1u);
      }
    }
  }
}

TEST(ShareOf, DoesNotOverflowAtTheTop) {
  EXPECT_EQ(share_of(SIZE_MAX, 64, 2, 3).end, SIZE_MAX);
  EXPECT_EQ(share_of(SIZE_MAX, SIZE_MAX - 1, 1, 2).begin, SIZE_MAX - 1);
  EXPECT_EQ(share_of(SIZE_MAX, SIZE_MAX - 1, 1, 2).end, SIZE_MAX);
}

}  // namespace
}  // namespace quern::kernels
