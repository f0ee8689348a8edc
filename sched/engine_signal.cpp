#include "sched/engine_signal.hpp"

#include <chrono>
#include <climits>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quern::sched {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
              std::atomic<std::uint32_t>::is_always_lock_free);

// seq_cst on both sides: either the sleeper is counted before raise() looks, or it sees the new epoch and does not
// sleep (the kernel compares once more).
void EngineSignal::raise() noexcept {
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (n_sleepers_.load(std::memory_order_seq_cst) == 0) return;
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&epoch_), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void EngineSignal::wait(std::uint32_t seen, std::optional<Duration> at_most) noexcept {
  timespec timeout{};
  if (at_most) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*at_most);
    timeout.tv_sec = static_cast<time_t>(seconds.count());
    timeout.tv_nsec = static_cast<long>(std::chrono::nanoseconds(*at_most - seconds).count());
  }
  n_sleepers_.fetch_add(1, std::memory_order_seq_cst);
  if (epoch_.load(std::memory_order_seq_cst) == seen) {
    ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&epoch_), FUTEX_WAIT_PRIVATE, seen,
              at_most ? &timeout : nullptr, nullptr, 0);
  }
  n_sleepers_.fetch_sub(1, std::memory_order_seq_cst);
}

}  // namespace quern::sched
