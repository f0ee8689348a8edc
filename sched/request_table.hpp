// Every request whose ticket lives, by id, and the last ones that have ended: for cancel(id) and /control/requests.
// Threads: submitters, ticket owners and the control plane. Its mutex is never taken by the engine thread, which tells
// the table nothing: an entry reads the generation's own atomics, and becomes history when its ticket goes.
#pragma once

#include "sched/generation.hpp"
#include "sched/request_history.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace quern::sched {

class RequestTable {
 public:
  void add(std::shared_ptr<Generation> generation);
  void remove(RequestId id) noexcept;
  void cancel_all() noexcept;
  std::shared_ptr<Generation> find(RequestId id) const noexcept;           // empty: none
  std::vector<std::shared_ptr<Generation>> all() const;                    // ascending ids
  std::optional<RequestStatus> status(RequestId id, TimePoint now) const;  // also of one that has ended not long ago
  std::vector<RequestStatus> ended() const;                                // newest first

 private:
  mutable std::mutex mutex_;
  std::map<RequestId, std::shared_ptr<Generation>> by_id_;
  RequestHistory history_;
};

}  // namespace quern::sched
