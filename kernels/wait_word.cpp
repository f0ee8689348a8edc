#include "kernels/wait_word.hpp"

#include <climits>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quern::kernels {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
                  std::atomic<std::uint32_t>::is_always_lock_free,
              "the kernel reads the atomic as a plain word");

// Returns when woken, when the word is not `expected`, or after a signal: callers check the word again in a loop.
void sleep_while(std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void wake_all(std::atomic<std::uint32_t>& word) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

constexpr bool same_count(std::uint32_t a, std::uint32_t b) noexcept {
  return ((a ^ b) & ~kSleeperBit) == 0;
}

}  // namespace

void cpu_relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");  // "yield" is a no-op on most cores
#endif
}

void WaitWord::advance() noexcept {
  // One exchange both publishes the new count and learns of sleepers; it also clears their bit. The load may be
  // relaxed: only the sleeper bit can change under the one signaller.
  const std::uint32_t next = (word_.load(std::memory_order_relaxed) & ~kSleeperBit) + kOneCount;
  if ((word_.exchange(next, std::memory_order_acq_rel) & kSleeperBit) != 0) wake_all(word_);
}

bool WaitWord::count_down() noexcept {
  const std::uint32_t before = word_.fetch_sub(kOneCount, std::memory_order_acq_rel);
  if (before == (kOneCount | kSleeperBit)) wake_all(word_);
  return same_count(before, kOneCount);
}

template <class Done>
bool Spinner::spin(Done done) noexcept {
  if (waits_to_rest_ > 0) {
    --waits_to_rest_;
    return done();
  }
  for (std::uint32_t i = 0; i < iterations_; ++i) {
    if (done()) {
      failures_ = 0;
      return true;
    }
    cpu_relax();
  }
  if (++failures_ >= kFailuresMax) {
    failures_ = 0;
    waits_to_rest_ = kRestWaits;
  }
  return done();
}

std::uint32_t WaitWord::await_change(std::uint32_t seen, Spinner& spinner) noexcept {
  std::uint32_t now = load();
  spinner.spin([&] {
    now = load();
    return !same_count(now, seen);
  });
  while (same_count(now, seen)) {
    const std::uint32_t asleep = now | kSleeperBit;
    if (now == asleep || word_.compare_exchange_strong(now, asleep, std::memory_order_acq_rel)) {
      sleep_while(word_, asleep);
      now = load();
    }
  }
  return now;
}

void WaitWord::await_zero(Spinner& spinner) noexcept {
  std::uint32_t now = load();
  spinner.spin([&] {
    now = load();
    return now < kOneCount;
  });
  while (now >= kOneCount) {
    const std::uint32_t asleep = now | kSleeperBit;
    if (now == asleep || word_.compare_exchange_strong(now, asleep, std::memory_order_acq_rel)) {
      sleep_while(word_, asleep);
      now = load();
    }
  }
}

}  // namespace quern::kernels
