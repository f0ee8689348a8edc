#include "sched/stats.hpp"

#include <algorithm>

namespace quern::sched {

void AtomicHistogram::observe_seconds(double seconds) noexcept {
  // First bound that is not below the value: counts[i] holds values <= bounds[i].
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), seconds) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.store(sum_.load(std::memory_order_relaxed) + seconds, std::memory_order_relaxed);
}

Histogram AtomicHistogram::read() const noexcept {
  Histogram out;
  out.bounds = bounds_;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    out.counts[i] = counts_[i].load(std::memory_order_relaxed);
    out.count += out.counts[i];
  }
  out.sum = sum_.load(std::memory_order_relaxed);
  return out;
}

void Stats::count_finish(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::none:
      break;
    case FinishReason::stop:
      finished_stop.fetch_add(1, std::memory_order_relaxed);
      break;
    case FinishReason::length:
      finished_length.fetch_add(1, std::memory_order_relaxed);
      break;
    case FinishReason::cancelled:
      finished_cancelled.fetch_add(1, std::memory_order_relaxed);
      break;
    case FinishReason::failed:
      finished_failed.fetch_add(1, std::memory_order_relaxed);
      break;
    case FinishReason::timed_out:
      finished_timed_out.fetch_add(1, std::memory_order_relaxed);
      break;
    case FinishReason::refused:
      finished_refused.fetch_add(1, std::memory_order_relaxed);
      break;
  }
}

}  // namespace quern::sched
