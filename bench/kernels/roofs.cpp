#include "bench/kernels/roofs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>
#include <time.h>

namespace quern::bench {

namespace {

// CPU time of this thread, as google-benchmark reports it: another load on the machine distorts it less.
double seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Vector extensions instead of intrinsics: target_clones picks the widest version that this CPU runs.
#ifdef __x86_64__
#define QUERN_BEST_ISA __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QUERN_BEST_ISA
#endif

// Four streams at once, as a kernel reads four rows: one alone does not keep all prefetchers busy.
QUERN_BEST_ISA std::uint64_t sum_words(const std::uint64_t* words, std::size_t n) {
  constexpr std::size_t kStreams = 4, kLanes = 16;
  std::uint64_t sums[kStreams][kLanes] = {};
  const std::size_t length = n / kStreams;
  for (std::size_t i = 0; i + kLanes <= length; i += kLanes) {
    for (std::size_t stream = 0; stream < kStreams; ++stream) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[stream][lane] += words[stream * length + i + lane];
    }
  }
  std::uint64_t total = 0;
  for (const auto& stream : sums) {
    for (const std::uint64_t sum : stream) total += sum;
  }
  return total;
}

// Enough accumulators for latency times ports (8), few enough for the registers: 12 of 8 lanes, or 10 of 16.
template <std::size_t kLanes>
[[gnu::always_inline]] inline void multiply_add(float* sums, float a, float b, std::size_t n) {
  float local[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) local[lane] = sums[lane];
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) local[lane] = local[lane] * a + b;
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] = local[lane];
}
QUERN_BEST_ISA void multiply_add_96(float* sums, float a, float b, std::size_t n) {
  multiply_add<96>(sums, a, b, n);
}
QUERN_BEST_ISA void multiply_add_160(float* sums, float a, float b, std::size_t n) {
  multiply_add<160>(sums, a, b, n);
}

double gflop_per_s(void (*kernel)(float*, float, float, std::size_t), std::size_t n_lanes) {
  std::vector<float> sums(n_lanes);
  constexpr std::size_t kSteps = 1'000'000;
  double best = 0;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const double start = seconds();
    kernel(sums.data(), 0.999f, 1e-3f, kSteps);
    benchmark::DoNotOptimize(sums);
    best = std::max(best, 2.0 * static_cast<double>(n_lanes) * kSteps / (seconds() - start) / 1e9);
  }
  return best;
}

}  // namespace

double read_roof_gb_per_s() {
  const std::vector<std::uint64_t> words(std::size_t{32} << 20, 1);  // 256 MiB
  double best = 0;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const double start = seconds();
    benchmark::DoNotOptimize(sum_words(words.data(), words.size()));
    best = std::max(best, static_cast<double>(words.size() * 8) / (seconds() - start) / 1e9);
  }
  return best;
}

double fma_roof_gflop_per_s() {
  return std::max(gflop_per_s(&multiply_add_96, 96), gflop_per_s(&multiply_add_160, 160));
}

}  // namespace quern::bench
