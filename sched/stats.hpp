// Counters and histograms of the scheduler. Written by one thread (the engine; `rejected` by submitters), read by any
// at any time: every number is an atomic by itself, so a copy taken inside a step may be a few tokens apart between
// fields. Limits: fixed buckets, nothing allocates.
#pragma once

#include "base/clock.hpp"
#include "sched/scheduler.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace quern::sched {

using HistogramBounds = std::array<double, Histogram::kBuckets - 1>;  // seconds, ascending

// Queueing and time to first token: from "at once" to minutes behind other work.
inline constexpr HistogramBounds kWaitBounds{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,  0.2,  0.35, 0.5,
                                             0.75,  1.0,   1.5,   2.5,  5.0,  10.0, 20.0, 60.0, 120.0};
// Steps and gaps between tokens: dense where reading speed lies (5 to 200 ms).
inline constexpr HistogramBounds kGapBounds{0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04,
                                            0.06,  0.08,  0.12,  0.2,   0.3,    0.5,  1.0,   3.0,  10.0};

class AtomicHistogram {
 public:
  explicit constexpr AtomicHistogram(const HistogramBounds& bounds) noexcept : bounds_(bounds) {}
  void observe(Duration value) noexcept { observe_seconds(to_seconds(value)); }
  void observe_seconds(double seconds) noexcept;  // one thread
  Histogram read() const noexcept;                // any thread

 private:
  const HistogramBounds& bounds_;
  std::array<std::atomic<std::uint64_t>, Histogram::kBuckets> counts_{};
  std::atomic<double> sum_{0};
};

struct Stats {
  std::atomic<std::uint32_t> running{0}, parked{0};
  std::atomic<std::uint64_t> prompt_tokens{0}, generated_tokens{0}, steps{0};
  std::atomic<std::uint64_t> forced_tokens{0};  // of the generated ones: had to follow by their grammar
  std::atomic<std::uint64_t> finished_stop{0}, finished_length{0}, finished_cancelled{0}, finished_failed{0};
  std::atomic<std::uint64_t> rejected{0};  // by submit(): queue full, too long, malformed or draining
  std::atomic<std::uint32_t> live{0};      // submitted and not finished
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> finished_timed_out{0}, finished_refused{0}, preemptions{0};
  std::atomic<std::uint64_t> cache_queries{0}, cached_tokens{0};  // prompt tokens looked up, and found
  std::atomic<double> expected_wait_s{0};  // until a new request gets a place; see policy/forecast.hpp
  std::atomic<bool> busy{false};           // the engine has work
  std::atomic<std::uint64_t> progress{0};  // grows when it begins or ends a step
  AtomicHistogram time_to_first_token{kWaitBounds}, inter_token{kGapBounds}, step{kGapBounds}, queue{kWaitBounds};
  AtomicHistogram e2e{kWaitBounds}, prefill{kWaitBounds}, decode{kWaitBounds};

  void count_finish(FinishReason reason) noexcept;
  void mark_progress() noexcept { progress.fetch_add(1, std::memory_order_relaxed); }
};

}  // namespace quern::sched
