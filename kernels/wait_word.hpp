// One 32-bit word that threads wait on: spin for a bounded number of iterations, then sleep in a futex.
// The low bit says "somebody sleeps here", the rest is the owner's counter. As both live in one word, a waiter that
// sets the bit and a signaller that changes the counter are ordered by that word's modification order alone: either the
// signaller sees the bit and wakes, or the waiter's compare (its own, or the kernel's) sees the new counter. So no
// wake-up is lost and acquire/release suffices. Why not std::atomic::wait: libstdc++ 12 spins and yields on its own
// before it sleeps, which cannot be tuned, and shares its waiter counts between unrelated atomics. Threads: any. Source
// of the sleep/wake contract: futex(2).
#pragma once

#include <atomic>
#include <cstdint>

namespace quern::kernels {

inline constexpr std::uint32_t kSleeperBit = 1;
inline constexpr std::uint32_t kOneCount = 2;  // adding this adds one to the counter

// How one thread waits. Spinning pays only while the thread that is waited for runs at the same time. Spins that end in
// sleep one after the other show that it does not: other processes want the CPUs too, or the work is lopsided. Then a
// spinner only burns the time slice that it needs when the work arrives, while the scheduler lets a sleeper in at once.
// So it rests: for a number of waits it sleeps without spinning, then tries again. Threads: each waiting thread has its
// own.
class alignas(64) Spinner {
 public:
  static constexpr std::uint32_t kFailuresMax = 4;
  static constexpr std::uint32_t kRestWaits = 2000;

  explicit Spinner(std::uint32_t iterations) noexcept : iterations_(iterations) {}
  std::uint32_t iterations() const noexcept { return iterations_; }
  bool resting() const noexcept { return waits_to_rest_ > 0; }

 private:
  friend class WaitWord;
  // True as soon as done() is; false when it is time to sleep.
  template <class Done>
  bool spin(Done done) noexcept;

  std::uint32_t iterations_;
  std::uint32_t failures_ = 0;  // in a row
  std::uint32_t waits_to_rest_ = 0;
};

// Tells the core that this is a spin loop: frees its sibling hardware thread and avoids a mis-speculated exit.
void cpu_relax() noexcept;

// Alone on its cache line (two lines: the adjacent-line prefetcher pairs them), so that spinning readers are disturbed
// only by the change that they wait for.
class alignas(128) WaitWord {
 public:
  std::uint32_t load() const noexcept { return word_.load(std::memory_order_acquire); }

  // Sets the counter while nobody waits.
  void reset(std::uint32_t count) noexcept { word_.store(count * kOneCount, std::memory_order_relaxed); }

  // Counter + 1, and wakes all sleepers. Release: pairs with the acquire loads of await_change().
  // One signaller at a time.
  void advance() noexcept;

  // Counter - 1; true for the thread that reached zero, which also wakes the sleeper. Acquire-release: what every
  // thread did before its count_down() is visible to that thread and to whoever saw zero in await_zero().
  bool count_down() noexcept;

  // Returns the word once its counter differs from that of `seen`. Acquire: pairs with advance().
  std::uint32_t await_change(std::uint32_t seen, Spinner& spinner) noexcept;

  // Returns once the counter is zero. Acquire: pairs with count_down(). One waiter at a time.
  void await_zero(Spinner& spinner) noexcept;

 private:
  std::atomic<std::uint32_t> word_{0};
};

}  // namespace quern::kernels
