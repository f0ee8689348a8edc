// What a scheduler on this machine is for operators: the part of TaskQueue that LocalGenerator and LocalEmbedder have
// in common. Base: the interface; Scheduler: sched::Scheduler or sched::EmbedScheduler. Threads: any. Ownership: refers
// to the scheduler.
#pragma once

#include "models/task_queue.hpp"

#include <optional>
#include <vector>

namespace quern::models {

template <class Base, class Scheduler>
class LocalQueue : public Base {
 public:
  explicit LocalQueue(Scheduler& scheduler) noexcept : scheduler_(scheduler) {}

  bool has_room(std::uint32_t n) const noexcept final { return scheduler_.has_room(n); }
  bool cancel(sched::RequestId id) noexcept final { return scheduler_.cancel(id); }
  void drain() noexcept final { scheduler_.drain(); }
  void ask_back(std::uint64_t bytes) noexcept final {
    if constexpr (requires { scheduler_.ask_back(bytes); }) scheduler_.ask_back(bytes);
  }
  void look_again() noexcept final {
    if constexpr (requires { scheduler_.look_again(); }) scheduler_.look_again();
  }

  sched::Snapshot snapshot() const final { return scheduler_.snapshot(); }
  Duration stalled() const final { return scheduler_.stalled(); }
  std::vector<sched::RequestStatus> requests() const final { return scheduler_.requests(); }
  std::vector<sched::RequestStatus> ended_requests() const final { return scheduler_.ended_requests(); }
  std::optional<sched::RequestStatus> request(sched::RequestId id) const final { return scheduler_.request(id); }

 protected:
  Scheduler& scheduler_;
};

}  // namespace quern::models
