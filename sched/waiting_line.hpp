// Who waits for a place: new requests and preempted ones. The most urgent goes next, and nobody overtakes it: highest
// priority, then the tenant that was served least, then who has been here longest. While it waits for pages, so does
// everybody behind it, which makes starvation impossible, because running sequences end in bounded time.
// Threads: engine thread. Limits: a look at the whole line per admission; its length is bounded by the queue.
#pragma once

#include "sched/sequence.hpp"

#include <memory>
#include <vector>

namespace quern::sched {

// Whether a should get a place, or keep it, rather than b.
bool more_urgent(const Sequence& a, const Sequence& b) noexcept;

class WaitingLine {
 public:
  explicit WaitingLine(std::size_t capacity) { line_.reserve(capacity); }

  void enqueue(std::unique_ptr<Sequence> sequence) noexcept;  // REQUIRES: fewer than capacity wait
  Sequence* head() const noexcept;                            // nullptr: nobody waits
  std::unique_ptr<Sequence> take(const Sequence& sequence) noexcept;
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
};

}  // namespace quern::sched
