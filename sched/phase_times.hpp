// How long a request has been in each of its states. Threads: enter() one (the engine, or the submitter before it);
// read() any: a copy taken in the middle of a change may count that instant twice or not at all.
#pragma once

#include "base/clock.hpp"
#include "sched/request.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace quern::sched {

class PhaseTimes {
 public:
  void start(TimePoint now) noexcept { since_.store(ticks(now), std::memory_order_relaxed); }
  // Ends `from`; what follows is counted from now on.
  void enter(RequestState from, TimePoint now) noexcept {
    std::atomic<std::int64_t>& spent = spent_[index(from)];
    const std::int64_t t = ticks(now);
    spent.store(spent.load(std::memory_order_relaxed) + t - since_.load(std::memory_order_relaxed),
                std::memory_order_relaxed);
    since_.store(t, std::memory_order_relaxed);
  }

  // current: the state that it is in.
  RequestTimes read(RequestState current, TimePoint now) const noexcept {
    const auto seconds = [&](RequestState state) {
      std::int64_t t = spent_[index(state)].load(std::memory_order_relaxed);
      if (state == current) t += ticks(now) - since_.load(std::memory_order_relaxed);
      return to_seconds(Duration(t));
    };
    return {.queued = seconds(RequestState::queued),
            .prefill = seconds(RequestState::prefill),
            .decode = seconds(RequestState::decode),
            .parked = seconds(RequestState::parked),
            .preempted = seconds(RequestState::preempted)};
  }

 private:
  static std::int64_t ticks(TimePoint t) noexcept { return Duration(t.time_since_epoch()).count(); }
  static std::size_t index(RequestState state) noexcept { return static_cast<std::size_t>(state); }

  std::atomic<std::int64_t> since_{0};
  std::array<std::atomic<std::int64_t>, 6> spent_{};  // [RequestState]
};

}  // namespace quern::sched
