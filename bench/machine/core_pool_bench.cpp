// Latency of fork-join: run() with an empty body, the barrier, and run() after the workers went to sleep. These decide
// how many parallel stages a layer can afford and how long a waiting thread should spin.
// Read the medians of: core_pool_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only=true
#include "kernels/core_pool.hpp"

#include <chrono>
#include <memory>

#include <benchmark/benchmark.h>

namespace quern::kernels {
namespace {

constexpr std::uint32_t kSpinLong = 100'000;  // workers never sleep between two iterations

std::unique_ptr<CorePool> make_pool(benchmark::State& state, std::uint32_t n_workers, std::uint32_t spin_iterations) {
  const Topology topology = read_topology().value();
  if (topology.cores.size() < n_workers) {
    state.SkipWithError("fewer cores than workers");
    return nullptr;
  }
  CorePoolOptions options;
  options.n_workers = n_workers;
  options.spin_iterations = spin_iterations;
  return CorePool::create(topology, options).value();
}

void run_empty(benchmark::State& state, std::uint32_t spin_iterations) {
  const auto pool = make_pool(state, static_cast<std::uint32_t>(state.range(0)), spin_iterations);
  if (!pool) return;
  for (auto _ : state) pool->run([](std::uint32_t worker) { benchmark::DoNotOptimize(worker); });
}

// 100 barriers in one run(); the time is that of one.
void barrier(benchmark::State& state) {
  const auto pool = make_pool(state, static_cast<std::uint32_t>(state.range(0)), kSpinLong);
  if (!pool) return;
  while (state.KeepRunningBatch(100)) {
    pool->run([&](std::uint32_t worker) {
      for (int i = 0; i < 100; ++i) pool->barrier(worker);
    });
  }
}

// The caller works alone for range(1) microseconds between two run() calls: with the default spin time, workers sleep
// or not depending on it. Manual time: only run() counts.
void run_after_serial_work(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const auto pool = make_pool(state, static_cast<std::uint32_t>(state.range(0)), 0);
  if (!pool) return;
  const std::chrono::microseconds serial(state.range(1));
  for (auto _ : state) {
    const Clock::time_point until = Clock::now() + serial;
    while (Clock::now() < until) benchmark::ClobberMemory();
    const Clock::time_point begin = Clock::now();
    pool->run([](std::uint32_t worker) { benchmark::DoNotOptimize(worker); });
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
  }
}

// 1, 2, 4, ... workers, up to one per core.
void up_to_all_cores(benchmark::internal::Benchmark* b) {
  const std::size_t n_cores = read_topology().value().cores.size();
  for (std::size_t n = 1; n <= n_cores; n *= 2) b->Arg(static_cast<std::int64_t>(n));
  b->UseRealTime();
}

BENCHMARK_CAPTURE(run_empty, spinning, kSpinLong)->Apply(up_to_all_cores);
BENCHMARK_CAPTURE(run_empty, sleeping, 1u)->Apply(up_to_all_cores);
BENCHMARK_CAPTURE(run_empty, by_default, 0u)->Apply(up_to_all_cores);
BENCHMARK(barrier)->Apply(up_to_all_cores);
BENCHMARK(run_after_serial_work)
    ->ArgNames({"workers", "serial_us"})
    ->ArgsProduct({{2, 8}, {5, 20, 40, 100, 1000}})
    ->UseManualTime();

}  // namespace
}  // namespace quern::kernels

BENCHMARK_MAIN();
