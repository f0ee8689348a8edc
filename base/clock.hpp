// The time source of everything that schedules or measures. Tests use ManualClock; nothing in tests sleeps.
// Threads: SteadyClock any; ManualClock any (atomic).
#pragma once

#include <atomic>
#include <chrono>

namespace quern {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const noexcept = 0;
};

class SteadyClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
};

class ManualClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return TimePoint(Duration(ticks_.load(std::memory_order_relaxed))); }
  void advance(Duration by) noexcept { ticks_.fetch_add(by.count(), std::memory_order_relaxed); }

 private:
  std::atomic<Duration::rep> ticks_{0};
};

inline double to_seconds(Duration d) noexcept {
  return std::chrono::duration<double>(d).count();
}

}  // namespace quern
