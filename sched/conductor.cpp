#include "sched/conductor.hpp"

#include "base/assert.hpp"

namespace quern::sched {

Conductor::Seat::Seat(Conductor& conductor) noexcept : conductor_(conductor), index_(conductor.sit_down()) {}

Conductor::Seat::~Seat() {
  publish(0, 0, false);
  conductor_.seats_[index_].taken.store(false, std::memory_order_release);  // pairs with sit_down()
}

void Conductor::Seat::publish(double decodes_s, double slow_s, bool claims) noexcept {
  State& own = conductor_.seats_[index_];
  own.decodes_s.store(decodes_s, std::memory_order_relaxed);  // each is of use by itself
  own.slow_s.store(slow_s, std::memory_order_relaxed);
  own.claims.store(claims, std::memory_order_relaxed);
}

policy::Others Conductor::Seat::others() const noexcept {
  policy::Others out;
  for (std::size_t i = 0; i < kMaxSeats; ++i) {
    const State& seat = conductor_.seats_[i];
    if (i == index_ || !seat.taken.load(std::memory_order_relaxed)) continue;
    out.decodes_s += seat.decodes_s.load(std::memory_order_relaxed);
    out.slow_s += seat.slow_s.load(std::memory_order_relaxed);
    out.n_claims += seat.claims.load(std::memory_order_relaxed) ? 1 : 0;
  }
  return out;
}

std::size_t Conductor::sit_down() noexcept {
  for (std::size_t i = 0; i < kMaxSeats; ++i) {
    bool taken = false;
    if (seats_[i].taken.compare_exchange_strong(taken, true, std::memory_order_acq_rel)) return i;
  }
  QUERN_ASSERT(!"more engines than Conductor::kMaxSeats");
  return kMaxSeats;
}

// A ticket lock: what the last turn wrote is visible to the next.
void Conductor::wait_for_turn() noexcept {
  const std::uint32_t ticket = next_ticket_.fetch_add(1, std::memory_order_relaxed);
  for (;;) {
    const std::uint32_t serving = serving_.load(std::memory_order_acquire);  // pairs with end_turn()
    if (serving == ticket) return;
    serving_.wait(serving, std::memory_order_acquire);
  }
}

void Conductor::end_turn() noexcept {
  serving_.fetch_add(1, std::memory_order_release);  // pairs with wait_for_turn()
  serving_.notify_all();
}

}  // namespace quern::sched
