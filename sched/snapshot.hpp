// Counters of a scheduler at one moment, for metrics and operators. Threads: plain data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quern::sched {

struct Histogram {  // cumulative-free: counts[i] observations <= bounds[i], the last bucket is the rest
  static constexpr std::size_t kBuckets = 20;
  std::array<double, kBuckets - 1> bounds{};
  std::array<std::uint64_t, kBuckets> counts{};
  double sum = 0;
  std::uint64_t count = 0;
};

// A consistent-enough copy of counters, cheap to take at any time, also while a step runs.
struct Snapshot {
  std::uint32_t queued = 0, running = 0, parked = 0;
  std::uint32_t max_running = 0;  // places
  std::uint64_t kv_page_bytes = 0;
  std::uint32_t kv_pages = 0, kv_pages_free = 0, kv_pages_retained = 0, kv_pages_reserved = 0;
  std::uint32_t kv_pages_least = 0, kv_pages_most = 0;  // what there may be, while kv_pages have memory now
  std::uint64_t prompt_tokens = 0, generated_tokens = 0, steps = 0;
  std::uint64_t forced_tokens = 0;  // of the generated ones: had to follow by their grammar, and were not drawn
  std::uint64_t finished_stop = 0, finished_length = 0, finished_cancelled = 0, finished_failed = 0, rejected = 0;
  std::uint64_t finished_timed_out = 0, finished_refused = 0, preemptions = 0;
  std::uint64_t cache_queries = 0, cached_tokens = 0;  // prompt tokens looked up in the prefix cache, and found
  std::uint64_t cache_pages = 0, cache_evictions = 0;  // pages listed now; pages that had to go
  double expected_wait_s = 0;                          // until a new request gets a place; see policy/forecast.hpp
  double stalled_s = 0;                                // since the engine last got on, while it has work
  Histogram time_to_first_token_s, inter_token_s, step_s, queue_s;
  Histogram e2e_s, prefill_s, decode_s;  // of requests that have ended
  bool draining = false;
};

}  // namespace quern::sched
