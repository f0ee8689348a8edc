// Whose step is next, where several engines share one pool of cores: one per model, and per kind of work. An engine
// takes a turn for each step; turns are given in the order in which they were asked for, so between two turns of an
// engine every other one has at most one. What an engine tells the others (how long its streams' steps take, whether it
// has prompts or texts) is what policy/round.hpp divides the time by. Also numbers the requests of all of them.
// Threads: a seat belongs to its engine's thread; the rest any. Ownership: refers to the pool. Limits: kMaxSeats
// engines at a time. No mutex, no allocation.
#pragma once

#include "kernels/core_pool.hpp"
#include "sched/policy/round.hpp"
#include "sched/request.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace quern::sched {

class Conductor {
 public:
  static constexpr std::size_t kMaxSeats = 256;

  // The right to step, from when nobody else does.
  class Turn {
   public:
    explicit Turn(Conductor& conductor) noexcept : conductor_(conductor) { conductor_.wait_for_turn(); }
    ~Turn() { conductor_.end_turn(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Conductor& conductor_;
  };

  // An engine's place. Ownership: must not outlive the conductor.
  class Seat {
   public:
    explicit Seat(Conductor& conductor) noexcept;  // REQUIRES: fewer than kMaxSeats
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    Conductor& conductor() noexcept { return conductor_; }
    // decodes_s: what a step of its streams takes alone, 0 where there are none, slow_s: in 99 of 100 cases; claims: it
    // has prompts or texts.
    void publish(double decodes_s, double slow_s, bool claims) noexcept;
    policy::Others others() const noexcept;

   private:
    Conductor& conductor_;
    const std::size_t index_;
  };

  // pool: the cores that turns are about; nullptr: nothing but backends uses them.
  explicit Conductor(kernels::CorePool* pool = nullptr) noexcept : pool_(pool) {}
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;

  // Calls body(i) for each i below n, on all cores of the pool. REQUIRES: the caller has the turn; body does not throw.
  template <class F>
  void for_each(std::size_t n, F&& body) noexcept {
    if (pool_ == nullptr || n < 2) {
      for (std::size_t i = 0; i < n; ++i) body(i);
      return;
    }
    std::atomic<std::size_t> next{0};
    pool_->run([&](std::uint32_t) {
      for (std::size_t i = next.fetch_add(1, std::memory_order_relaxed); i < n;
           i = next.fetch_add(1, std::memory_order_relaxed)) {
        body(i);
      }
    });
  }

  RequestId next_id() noexcept { return next_id_.fetch_add(1, std::memory_order_relaxed); }

 private:
  struct State {
    std::atomic<bool> taken{false};
    std::atomic<double> decodes_s{0}, slow_s{0};
    std::atomic<bool> claims{false};
  };

  std::size_t sit_down() noexcept;
  void wait_for_turn() noexcept;
  void end_turn() noexcept;

  kernels::CorePool* const pool_;
  std::atomic<RequestId> next_id_{1};
  std::atomic<std::uint32_t> next_ticket_{0}, serving_{0};
  std::array<State, kMaxSeats> seats_;
};

}  // namespace quern::sched
