#include "sched/request_history.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched {

// Exchanges the generation, and with it the prompt, for its numbers. Out of memory: an entry less.
void RequestHistory::settle(Entry& entry) noexcept {
  if (!entry.ending || !entry.ending->finished()) return;
  try {
    entry.status = entry.ending->status({});  // the parts of one that has ended do not depend on the time
  } catch (const std::bad_alloc&) {
    entry.status = {};
  }
  entry.ending.reset();
}

void RequestHistory::add(std::shared_ptr<Generation> generation) noexcept {
  for (Entry& entry : ring_) settle(entry);
  Entry& oldest = ring_[n_added_++ % kCapacity];
  oldest.ending = std::move(generation);
  settle(oldest);
}

std::optional<RequestStatus> RequestHistory::find(RequestId id, TimePoint now) const {
  for (const Entry& entry : ring_) {
    if (entry.ending && entry.ending->id == id) return entry.ending->status(now);
    if (!entry.ending && id != 0 && entry.status.id == id) return entry.status;
  }
  return std::nullopt;
}

std::vector<RequestStatus> RequestHistory::newest_first() const {
  std::vector<RequestStatus> out;
  for (std::size_t back = 1; back <= std::min(n_added_, kCapacity); ++back) {
    const Entry& entry = ring_[(n_added_ - back) % kCapacity];
    if (entry.ending) {
      if (entry.ending->finished()) out.push_back(entry.ending->status({}));
    } else if (entry.status.id != 0) {
      out.push_back(entry.status);
    }
  }
  return out;
}

}  // namespace quern::sched
