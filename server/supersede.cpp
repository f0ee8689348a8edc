#include "server/supersede.hpp"

#include <algorithm>
#include <utility>

namespace quern::server {

void SupersedeTable::Sequences::cancel() const {
  for (const sched::RequestId id : ids) model->generator->cancel(id);
}

bool SupersedeTable::Sequences::run() const {
  return std::ranges::any_of(ids, [this](sched::RequestId id) {
    const std::optional<sched::RequestStatus> status = model->generator->request(id);
    return status && status->state != sched::RequestState::finished;
  });
}

SupersedeTable::Entry::Entry(Entry&& other) noexcept {
  *this = std::move(other);
}

SupersedeTable::Entry& SupersedeTable::Entry::operator=(Entry&& other) noexcept {
  std::swap(table_, other.table_);
  std::swap(key_, other.key_);
  std::swap(arrival_, other.arrival_);
  std::swap(older_arrival_, other.older_arrival_);
  std::swap(older_, other.older_);
  return *this;
}

void SupersedeTable::Entry::leave() noexcept {
  if (table_ == nullptr) return;
  std::function<void()> then;
  {
    const std::lock_guard lock(table_->mutex_);
    const auto it = table_->standing_.find(key_);
    if (it != table_->standing_.end() && it->second.arrival == arrival_) table_->standing_.erase(it);
    if (auto waits = table_->when_left_.extract(arrival_)) then = std::move(waits.mapped());
    table_->when_left_.erase(older_arrival_);  // its own wish
  }
  table_ = nullptr;
  try {
    if (then) then();
  } catch (...) {  // no memory to say so: who waits looks by itself
  }
}

bool SupersedeTable::Entry::superseded() const {
  if (table_ == nullptr) return false;
  const std::lock_guard lock(table_->mutex_);
  const auto it = table_->standing_.find(key_);
  return it == table_->standing_.end() || it->second.arrival != arrival_;
}

void SupersedeTable::Entry::stand_for(std::vector<sched::RequestId> ids, std::shared_ptr<models::ServedModel> model) {
  if (table_ == nullptr) return;
  Sequences own{std::move(model), std::move(ids)};
  {
    const std::lock_guard lock(table_->mutex_);
    const auto it = table_->standing_.find(key_);
    if (it != table_->standing_.end() && it->second.arrival == arrival_) {
      it->second.sequences = std::move(own);
      return;
    }
  }
  own.cancel();
}

void SupersedeTable::Entry::when_older_left(std::function<void()> then) {
  if (table_ == nullptr || older_arrival_ == 0) return;
  const std::lock_guard lock(table_->mutex_);
  table_->when_left_[older_arrival_] = std::move(then);
}

SupersedeTable::Entry SupersedeTable::enter(std::string key, std::uint64_t arrival) {
  Entry entry;
  if (key.empty()) return entry;
  {
    const std::lock_guard lock(mutex_);
    Standing& standing = standing_[key];
    entry.arrival_ = arrival;
    if (standing.arrival < arrival) {
      entry.older_arrival_ = std::exchange(standing.arrival, arrival);
      entry.older_ = standing.sequences;  // listed until this one has its own: the next may have to wait for them
    }
  }
  entry.key_ = std::move(key);
  entry.table_ = this;
  entry.older_.cancel();
  return entry;
}

}  // namespace quern::server
