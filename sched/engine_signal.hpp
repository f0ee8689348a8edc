// Puts the engine thread to sleep when it has nothing to do and wakes it: an epoch that only grows.
// The engine reads epoch(), looks for work, and sleeps in wait() only if nobody raised the epoch since; so a submit,
// cancel or drain that comes between the look and the sleep is never missed.
// Threads: raise() any; wait() the engine thread. Ownership: shared with tickets, which may outlive the scheduler.
#pragma once

#include <atomic>
#include <cstdint>

namespace quern::sched {

class EngineSignal {
 public:
  // REQUIRES: what the engine shall find was written before.
  void raise() noexcept {
    // seq_cst: ordered against the sleeper count that notify_one() reads to skip the system call.
    epoch_.fetch_add(1, std::memory_order_seq_cst);
    epoch_.notify_one();
  }

  // Pairs with raise(): what was written before the raise that made this value is visible.
  std::uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }

  // Returns when the epoch is no longer `seen` (a futex; no busy loop).
  void wait(std::uint32_t seen) const noexcept { epoch_.wait(seen, std::memory_order_acquire); }

 private:
  std::atomic<std::uint32_t> epoch_{0};
};

}  // namespace quern::sched
