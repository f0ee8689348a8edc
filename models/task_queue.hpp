// What all that takes tasks has for operators, metrics and admission, whatever kind of task. Threads: any.
#pragma once

#include "base/clock.hpp"
#include "sched/request.hpp"
#include "sched/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::models {

// Another server that tasks may be passed on to, for operators.
struct UpstreamStatus {
  std::string name, kind;
  std::string state;  // "closed": it is asked; "open": it has failed and is left alone; "trying": the next one tries it
  std::uint32_t running = 0;
  std::uint64_t asked = 0, failed = 0, refused = 0;  // refused: 429 and the like
  std::uint64_t probes = 0;                          // while it was left alone
  double rest_s = 0;                                 // of "open", or as its last 429 said: until it may be asked again
};

class TaskQueue {
 public:
  TaskQueue() = default;
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;
  virtual ~TaskQueue() = default;

  // Whether the line would take n more at this moment.
  virtual bool has_room(std::uint32_t n) const noexcept = 0;
  virtual bool cancel(sched::RequestId id) noexcept = 0;  // false: no such request, or it has ended
  virtual void drain() noexcept = 0;                      // no new tasks; running ones go on
  // Gives memory back that it only keeps in case, soon and at most so much; there may be memory now for what waits.
  virtual void ask_back(std::uint64_t /*bytes*/) noexcept {}
  virtual void look_again() noexcept {}

  virtual sched::Snapshot snapshot() const = 0;
  virtual Duration stalled() const = 0;  // see Scheduler::stalled()
  virtual std::vector<sched::RequestStatus> requests() const = 0;
  virtual std::vector<sched::RequestStatus> ended_requests() const = 0;
  virtual std::optional<sched::RequestStatus> request(sched::RequestId id) const = 0;
  virtual std::vector<UpstreamStatus> upstreams() const { return {}; }
};

}  // namespace quern::models
