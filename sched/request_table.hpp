// Every request whose ticket lives, by id: for cancel(id) and /control/requests.
// Threads: submitters, ticket owners and the control plane. Its mutex is never taken by the engine thread, which tells
// the table nothing: an entry reads the generation's own atomics, and leaves when its ticket does.
#pragma once

#include "sched/generation.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace quern::sched {

class RequestTable {
 public:
  void add(std::shared_ptr<Generation> generation);
  void remove(RequestId id) noexcept;
  void cancel_all() noexcept;
  std::shared_ptr<Generation> find(RequestId id) const noexcept;  // empty: none
  std::vector<std::shared_ptr<Generation>> all() const;           // ascending ids

 private:
  mutable std::mutex mutex_;
  std::map<RequestId, std::shared_ptr<Generation>> by_id_;
};

}  // namespace quern::sched
