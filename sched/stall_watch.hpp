// For how long the engine has had work and not got on, as far as somebody was awake to see it. Time in which this
// process did not run (stopped, frozen, its virtual machine paused) is not the engine's, and cannot be told from a
// clock alone: so whoever asks must also look at least every kLookEvery while nobody asks, and a longer gap between two
// looks counts as no more than kLongestGap. Threads: any; one at a time inside.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace quern::sched {

class StallWatch {
 public:
  static constexpr std::chrono::milliseconds kLookEvery{1000}, kLongestGap{2000};

  // mark: anything that changes when the engine gets on.
  Duration look(TimePoint now, bool busy, std::uint64_t mark) {
    const std::lock_guard lock(mutex_);
    const Duration gap = std::min<Duration>(std::max(Duration::zero(), now - last_look_), kLongestGap);
    last_look_ = std::max(last_look_, now);
    const bool got_on = !busy || !was_busy_ || mark != last_mark_;
    was_busy_ = busy;
    last_mark_ = mark;
    stalled_ = got_on ? Duration::zero() : stalled_ + gap;
    return stalled_;
  }

 private:
  std::mutex mutex_;
  TimePoint last_look_{};
  std::uint64_t last_mark_ = 0;
  bool was_busy_ = false;
  Duration stalled_{};
};

}  // namespace quern::sched
