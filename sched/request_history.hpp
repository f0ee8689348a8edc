// What the last requests that have ended were and where their time went: for /control/requests/{id}, so that somebody
// who asks a moment later still learns it. Holds no prompts. Threads: the caller's lock.
#pragma once

#include "sched/generation.hpp"

#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace quern::sched {

class RequestHistory {
 public:
  static constexpr std::size_t kCapacity = 256;

  // Its ticket is gone; the engine may still have to end it. The oldest one is forgotten for it.
  void add(std::shared_ptr<Generation> generation) noexcept;
  std::optional<RequestStatus> find(RequestId id, TimePoint now) const;
  std::vector<RequestStatus> newest_first() const;  // those that have ended

 private:
  struct Entry {
    std::shared_ptr<Generation> ending;  // until it has ended
    RequestStatus status;                // then
  };
  static void settle(Entry& entry) noexcept;

  std::array<Entry, kCapacity> ring_;
  std::size_t n_added_ = 0;
};

}  // namespace quern::sched
