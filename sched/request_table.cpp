#include "sched/request_table.hpp"

#include <utility>

namespace quern::sched {

void RequestTable::add(std::shared_ptr<Generation> generation) {
  const std::lock_guard lock(mutex_);
  by_id_.emplace(generation->id, std::move(generation));
}

void RequestTable::remove(RequestId id) noexcept {
  std::map<RequestId, std::shared_ptr<Generation>>::node_type gone;  // destroyed after the lock is released
  const std::lock_guard lock(mutex_);
  gone = by_id_.extract(id);
  if (gone) history_.add(gone.mapped());
}

void RequestTable::cancel_all() noexcept {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, generation] : by_id_) generation->cancelled.store(true, std::memory_order_release);
}

std::shared_ptr<Generation> RequestTable::find(RequestId id) const noexcept {
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

std::optional<RequestStatus> RequestTable::status(RequestId id, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(id);
  return it != by_id_.end() ? it->second->status(now) : history_.find(id, now);
}

std::vector<RequestStatus> RequestTable::ended() const {
  const std::lock_guard lock(mutex_);
  return history_.newest_first();
}

std::vector<std::shared_ptr<Generation>> RequestTable::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Generation>> out;
  out.reserve(by_id_.size());
  for (const auto& [id, generation] : by_id_) out.push_back(generation);
  return out;
}

}  // namespace quern::sched
