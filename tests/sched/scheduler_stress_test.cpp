// Many requests from many threads at once; meant for ThreadSanitizer.
#include "tests/sched/scheduler_harness.hpp"

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

namespace net = boost::asio;
using test::greedy_request;
using test::SchedulerHarness;

struct Tally {
  std::atomic<int> complete{0}, cancelled{0}, wrong{0};
};

// A client: reads to the end, or leaves or cancels after some tokens.
net::awaitable<void> client(Ticket ticket, GenerateRequest request, std::size_t leave_after, bool cancels,
                            Tally& tally) {
  const test::Expected want = test::expected_output(request, 97);
  std::vector<engine::TokenId> tokens;
  std::array<TokenEvent, 4> events;
  for (FinishReason finish = FinishReason::none; finish == FinishReason::none;) {
    const std::size_t n = co_await ticket.next(events, Duration::zero());
    for (const TokenEvent& event : std::span(events).first(n)) {
      if (event.token != engine::kNoToken) tokens.push_back(event.token);
      finish = event.finish;
    }
    const bool prefix =
        tokens.size() <= want.tokens.size() && std::equal(tokens.begin(), tokens.end(), want.tokens.begin());
    if (!prefix) ++tally.wrong;
    if (finish == FinishReason::cancelled) ++tally.cancelled;
    if (finish == want.finish) ++(tokens == want.tokens ? tally.complete : tally.wrong);
    if (finish == FinishReason::none && tokens.size() >= leave_after) {
      if (!cancels) {
        ++tally.cancelled;
        co_return;  // ~Ticket
      }
      ticket.cancel();
    }
  }
}

TEST(SchedulerStress, ManyClientsOnFourThreads) {
  constexpr int kThreads = 4, kRounds = 4, kAtOnce = 16;  // 64 requests at a time
  test::HarnessOptions options;
  options.backend.n_pages = 100;
  options.limits = {.queue_capacity = 128, .max_running = 24, .prefill_tokens_per_step = 16, .stream_capacity = 4};
  SchedulerHarness h(options);
  h.scheduler->start();
  Tally tally;
  std::atomic<bool> done{false};
  std::thread observer([&] {  // the control plane
    while (!done) {
      const Snapshot snapshot = h.scheduler->snapshot();
      EXPECT_LE(snapshot.running, 24u);
      for (const RequestStatus& status : h.scheduler->requests()) EXPECT_LE(status.n_generated, status.max_tokens);
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int round = 0; round < kRounds; ++round) {
        net::io_context io;
        for (int i = 0; i < kAtOnce; ++i) {
          std::vector<engine::TokenId> prompt(1 + random() % 40);
          for (auto& token : prompt) token = static_cast<engine::TokenId>(random() % 97);
          GenerateRequest request = greedy_request(std::move(prompt), 1 + static_cast<std::uint32_t>(random() % 40));
          request.ignore_eos = random() % 2 == 0;
          const std::size_t leave_after = random() % 4 == 0 ? random() % 20 : SIZE_MAX;
          Result<Ticket> ticket = h.scheduler->submit(request, io.get_executor());
          const bool cancels = random() % 2 == 0;
          net::co_spawn(io, client(std::move(ticket.value()), std::move(request), leave_after, cancels, tally),
                        net::detached);
        }
        io.run();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  observer.join();
  h.scheduler->drain();
  while (!h.scheduler->drained()) std::this_thread::yield();
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(tally.complete + tally.cancelled, kThreads * kRounds * kAtOnce);
  EXPECT_GT(tally.complete, 100);
  h.end_and_expect_no_problems();
}

}  // namespace
}  // namespace quern::sched
