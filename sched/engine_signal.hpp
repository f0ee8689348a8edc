// Puts the engine thread to sleep when it has nothing to do and wakes it: an epoch that only grows.
// The engine reads epoch(), looks for work, and sleeps in wait() only if nobody raised the epoch since; so a submit,
// cancel or drain that comes between the look and the sleep is never missed.
// Threads: raise() any; wait() the engine thread. Ownership: shared with tickets, which may outlive the scheduler.
#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

namespace quern::sched {

class EngineSignal {
 public:
  // REQUIRES: what the engine shall find was written before.
  void raise() noexcept;

  // Pairs with raise(): what was written before the raise that made this value is visible.
  std::uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }

  // Returns when the epoch is no longer `seen`, or after `at_most` (a futex; no busy loop). May return early.
  void wait(std::uint32_t seen, std::optional<Duration> at_most) noexcept;

 private:
  std::atomic<std::uint32_t> epoch_{0};
  std::atomic<std::uint32_t> n_sleepers_{0};  // spares raise() the system call
};

}  // namespace quern::sched
