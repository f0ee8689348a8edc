// A Scheduler with its engine thread over the fake backend, and requests run as coroutines on an io_context.
#pragma once

#include "base/byte_ledger.hpp"
#include "sched/scheduler.hpp"
#include "tests/sched/engine_harness.hpp"
#include "tests/support/fake_arena.hpp"

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace quern::test {

// Holds the engine inside forward() until a test lets it go: "while a step runs" without any sleeping.
class Gate {
 public:
  void pass() {  // engine thread
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_ || tickets_ > 0; });
    if (!open_) --tickets_;
  }
  void wait_for_arrival(int n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, n] { return arrived_ >= n; });
  }
  void let_pass(int n) {
    const std::lock_guard lock(mutex_);
    tickets_ += n;
    changed_.notify_all();
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0, tickets_ = 0;
  bool open_ = false;
};

struct Received {
  std::vector<engine::TokenId> tokens;
  sched::FinishReason finish = sched::FinishReason::none;
  std::size_t after_the_end = 99;  // what next() returned after the last event
};

// Reads a ticket to its end, then once more.
inline boost::asio::awaitable<void> receive(sched::Ticket ticket, std::shared_ptr<Received> received) {
  std::array<sched::TokenEvent, 8> events;
  while (received->finish == sched::FinishReason::none) {
    const std::size_t n = co_await ticket.next(events, Duration::zero());
    for (const sched::TokenEvent& event : std::span(events).first(n)) {
      if (event.token != engine::kNoToken) received->tokens.push_back(event.token);
      received->finish = event.finish;
    }
  }
  received->after_the_end = co_await ticket.next(events, Duration::zero());
}

struct SchedulerHarness {
  explicit SchedulerHarness(const HarnessOptions& options = {})
      : backend(options.backend), tokenizer(options.backend.n_vocab, kEos) {
    arena = make_fake_arena(options.backend, backend, ledger, options.n_backed);
    scheduler.emplace(backend, *arena, tokenizer, clock, options.limits);
  }

  // Submits and reads in a coroutine on `io`.
  std::shared_ptr<Received> run(sched::GenerateRequest request) {
    auto received = std::make_shared<Received>();
    Result<sched::Ticket> ticket = scheduler->submit(std::move(request), io.get_executor());
    boost::asio::co_spawn(io, receive(std::move(ticket.value()), received), boost::asio::detached);
    return received;
  }

  // The engine thread ends with the scheduler, so what the fake noticed can be read.
  void end_and_expect_no_problems() {
    const sched::Snapshot last = scheduler->snapshot();
    EXPECT_EQ(last.kv_pages_free + last.kv_pages_retained, last.kv_pages);
    EXPECT_EQ(last.kv_pages_reserved, 0u);
    EXPECT_EQ(last.queued, 0u);
    scheduler.reset();
    for (const std::string& problem : backend.problems()) ADD_FAILURE() << problem;
  }

  SteadyClock clock;
  ByteLedger ledger{64u << 20};
  FakeBackend backend;
  FakeTokenizer tokenizer;
  std::unique_ptr<kv::PageArena> arena;
  std::optional<sched::Scheduler> scheduler;
  boost::asio::io_context io;
};

}  // namespace quern::test
