#include "base/fault_guard.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#include <signal.h>
#include <unistd.h>

namespace quern::fault_guard {
namespace {

enum class State : std::uint32_t { unused, changing, watched };

struct Entry {
  std::atomic<State> state{State::unused};
  // Written between claiming the entry and the release store of `watched`, read after the handler's acquire load of it.
  std::uintptr_t begin = 0, end = 0;
  std::size_t name_length = 0;
  std::array<char, 256> name{};
};
static_assert(std::atomic<State>::is_always_lock_free, "used in a signal handler");

std::array<Entry, kWatchedMax> entries;

// A message put together without allocation, locale or locks.
class Line {
 public:
  void add(std::string_view text) noexcept {
    const std::size_t n = std::min(text.size(), buffer_.size() - size_);
    std::memcpy(buffer_.data() + size_, text.data(), n);
    size_ += n;
  }
  void add(std::uint64_t number) noexcept {
    std::array<char, 20> digits;
    std::size_t begin = digits.size();
    do digits[--begin] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    add(std::string_view(digits.data() + begin, digits.size() - begin));
  }
  void write() const noexcept { [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, buffer_.data(), size_); }

 private:
  std::array<char, 512> buffer_;
  std::size_t size_ = 0;
};

void on_bus_error(int, siginfo_t* info, void*) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const Entry& entry : entries) {
    if (entry.state.load(std::memory_order_acquire) != State::watched) continue;
    if (address < entry.begin || address >= entry.end) continue;
    Line line;
    line.add("quern: fatal: cannot read ");
    line.add(std::string_view(entry.name.data(), entry.name_length));
    line.add(" at byte ");
    line.add(std::uint64_t{address - entry.begin});
    line.add(": the file was truncated or its disk failed while it was in use\n");
    line.write();
    ::_exit(kFaultExitCode);
  }
  // Not ours: with the default action in place, the instruction faults again and the process dumps core.
  ::signal(SIGBUS, SIG_DFL);
}

}  // namespace

void install() noexcept {
  struct sigaction action {};
  action.sa_sigaction = &on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&action.sa_mask);
  QUERN_ASSERT(::sigaction(SIGBUS, &action, nullptr) == 0);
}

Watch watch(std::span<const std::byte> map, std::string_view name) noexcept {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    State expected = State::unused;
    // Acquire: pairs with the release in forget(), whose thread wrote the fields before.
    if (!entry.state.compare_exchange_strong(expected, State::changing, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
      continue;
    }
    entry.begin = reinterpret_cast<std::uintptr_t>(map.data());
    entry.end = entry.begin + map.size();
    // The end of a path says more than its beginning.
    const std::string_view tail = name.substr(name.size() - std::min(name.size(), entry.name.size()));
    entry.name_length = tail.copy(entry.name.data(), tail.size());
    entry.state.store(State::watched, std::memory_order_release);
    return static_cast<Watch>(i);
  }
  return -1;
}

void forget(Watch watch) noexcept {
  if (watch < 0) return;
  QUERN_ASSERT(static_cast<std::size_t>(watch) < entries.size());
  entries[static_cast<std::size_t>(watch)].state.store(State::unused, std::memory_order_release);
}

}  // namespace quern::fault_guard
