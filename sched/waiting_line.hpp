// Who waits for a place: new requests and preempted ones. The most urgent goes next (policy/urgency.hpp), and nobody
// overtakes it: while it waits for pages, so does everybody behind it. Every few places one goes to whoever has waited
// longest instead. Both make starvation impossible, because running sequences end in bounded time. Who was preempted
// while its reader did not read waits aside until the reader has made room.
// Threads: engine thread. Limits: a look at the whole line per admission; its length is bounded by the queue.
#pragma once

#include "sched/sequence.hpp"

#include <memory>
#include <vector>

namespace quern::sched {

policy::Urgency urgency_of(const Sequence& sequence) noexcept;
// Whether a should get a place, or keep it, rather than b.
bool more_urgent(const Sequence& a, const Sequence& b) noexcept;

class WaitingLine {
 public:
  explicit WaitingLine(std::size_t capacity) { line_.reserve(capacity); }

  void enqueue(std::unique_ptr<Sequence> sequence) noexcept;  // REQUIRES: fewer than capacity wait
  Sequence* most_urgent() const noexcept;                     // nullptr: nobody waits
  // Who has waited longest, if the next place is theirs by age; nullptr: it goes to the most urgent.
  Sequence* due_by_age(TimePoint now) const noexcept;
  std::unique_ptr<Sequence> take(const Sequence& sequence) noexcept;
  void count_place() noexcept { ++n_places_; }  // one was given out
  // Takes one for which condition(sequence) is true; empty: none.
  template <class Condition>
  std::unique_ptr<Sequence> take_if(Condition condition) noexcept {
    for (const auto& sequence : line_) {
      if (condition(*sequence)) return take(*sequence);
    }
    return nullptr;
  }
  const std::vector<std::unique_ptr<Sequence>>& all() const noexcept { return line_; }
  bool empty() const noexcept { return line_.empty(); }

 private:
  std::vector<std::unique_ptr<Sequence>> line_;  // in no order
  std::uint32_t n_places_ = 0;
};

}  // namespace quern::sched
