#include "server/supersede.hpp"

#include <utility>

namespace quern::server {

SupersedeTable::Entry::Entry(Entry&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)), key_(std::move(other.key_)), number_(other.number_) {}

SupersedeTable::Entry& SupersedeTable::Entry::operator=(Entry&& other) noexcept {
  std::swap(table_, other.table_);
  std::swap(key_, other.key_);
  std::swap(number_, other.number_);
  return *this;
}

void SupersedeTable::Entry::leave() noexcept {
  if (table_ == nullptr) return;
  const std::lock_guard lock(table_->mutex_);
  const auto it = table_->standing_.find(key_);
  if (it != table_->standing_.end() && it->second.number == number_) table_->standing_.erase(it);
  table_ = nullptr;
}

SupersedeTable::Entry SupersedeTable::enter(std::string key, std::vector<sched::RequestId> ids,
                                            sched::Scheduler& scheduler) {
  Entry entry;
  if (key.empty()) return entry;
  std::vector<sched::RequestId> older;
  {
    const std::lock_guard lock(mutex_);
    Standing& standing = standing_[key];
    older = std::exchange(standing.ids, std::move(ids));
    standing.number = ++last_number_;
    entry.number_ = standing.number;
  }
  entry.key_ = std::move(key);
  entry.table_ = this;
  for (const sched::RequestId id : older) scheduler.cancel(id);
  return entry;
}

}  // namespace quern::server
