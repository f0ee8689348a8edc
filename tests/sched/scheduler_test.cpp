#include "sched/scheduler.hpp"

#include "kv/prefix_cache.hpp"
#include "tests/sched/scheduler_harness.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace quern::sched {
namespace {

namespace net = boost::asio;
using test::Gate;
using test::greedy_request;
using test::HarnessOptions;
using test::SchedulerHarness;

void expect_complete(const test::Received& received, const GenerateRequest& request) {
  const test::Expected want = test::expected_output(request, 97);
  EXPECT_EQ(received.tokens, want.tokens);
  EXPECT_EQ(received.finish, want.finish);
  EXPECT_EQ(received.after_the_end, 0u);
}

TEST(Scheduler, RequestsGoInAndTokensComeOut) {
  SchedulerHarness h;
  h.scheduler->start();
  std::vector<GenerateRequest> requests;
  std::vector<std::shared_ptr<test::Received>> received;
  for (engine::TokenId i = 0; i < 10; ++i) {
    requests.push_back(greedy_request({i, 5, 6, 7}, 20));
    received.push_back(h.run(requests.back()));
  }
  h.io.run();
  for (std::size_t i = 0; i < requests.size(); ++i) expect_complete(*received[i], requests[i]);
  const Snapshot snapshot = h.scheduler->snapshot();
  EXPECT_EQ(snapshot.finished_length, 10u);
  EXPECT_EQ(snapshot.prompt_tokens, 40u);
  EXPECT_EQ(snapshot.generated_tokens, 200u);
  EXPECT_EQ(snapshot.time_to_first_token_s.count, 10u);
  EXPECT_EQ(snapshot.inter_token_s.count, 190u);
  EXPECT_TRUE(h.scheduler->requests().empty());
  h.end_and_expect_no_problems();
}

TEST(Scheduler, PagesGetMemoryAsTheyAreNeededAndGiveItBack) {
  HarnessOptions options;
  options.n_backed = 32;  // one sequence of the whole context
  SchedulerHarness h(options);
  EXPECT_EQ(h.scheduler->snapshot().kv_pages, 32u);
  EXPECT_EQ(h.scheduler->snapshot().kv_pages_most, 64u);
  std::vector<GenerateRequest> requests;
  std::vector<std::shared_ptr<test::Received>> received;
  for (engine::TokenId i = 0; i < 8; ++i) {
    requests.push_back(greedy_request(std::vector<engine::TokenId>(40, i), 40));
    received.push_back(h.run(requests.back()));
  }
  h.scheduler->start();
  h.io.run();
  for (std::size_t i = 0; i < requests.size(); ++i) expect_complete(*received[i], requests[i]);
  EXPECT_EQ(h.scheduler->snapshot().kv_pages, 64u);
  h.scheduler->ask_back(UINT64_MAX);
  while (h.scheduler->snapshot().kv_pages != 32) std::this_thread::yield();
  EXPECT_EQ(h.scheduler->snapshot().kv_pages_free + h.scheduler->snapshot().kv_pages_retained, 32u);
  h.end_and_expect_no_problems();
}

TEST(Scheduler, WaitsForStart) {
  SchedulerHarness h;
  const GenerateRequest request = greedy_request({1, 2}, 3);
  const auto received = h.run(request);
  h.io.poll();
  EXPECT_TRUE(received->tokens.empty());
  EXPECT_EQ(h.scheduler->snapshot().queued, 1u);
  h.scheduler->start();
  h.io.run();
  expect_complete(*received, request);
}

TEST(Scheduler, FullQueueIsOverloadedAndCounted) {
  HarnessOptions options;
  options.limits.queue_capacity = 1;
  options.limits.max_running = 1;
  SchedulerHarness h(options);  // not started: nothing leaves the queue
  const auto first = h.run(greedy_request({1}, 3)), second = h.run(greedy_request({2}, 3));
  Result<Ticket> third = h.scheduler->submit(greedy_request({3}, 3), h.io.get_executor());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Errc::overloaded);
  EXPECT_NE(third.error().detail.find('2'), std::string::npos);
  EXPECT_EQ(h.scheduler->snapshot().rejected, 1u);
  EXPECT_EQ(h.scheduler->requests().size(), 2u);
  h.scheduler->start();
  h.io.run();
  EXPECT_EQ(first->finish, FinishReason::length);
  EXPECT_EQ(second->finish, FinishReason::length);
  h.end_and_expect_no_problems();
}

TEST(Scheduler, RefusesWhatCanNeverFit) {
  SchedulerHarness h;  // context 256, 64 pages of 8
  EXPECT_EQ(h.scheduler->max_context(), 256u);
  Result<Ticket> ticket =
      h.scheduler->submit(greedy_request(std::vector<engine::TokenId>(250, 1), 7), h.io.get_executor());
  ASSERT_FALSE(ticket);
  EXPECT_EQ(ticket.error().code, Errc::bad_input);
  for (const char* number : {"250", "7", "257", "256"}) {
    EXPECT_NE(ticket.error().detail.find(number), std::string::npos) << ticket.error().detail;
  }
  EXPECT_EQ(h.scheduler->snapshot().rejected, 1u);

  HarnessOptions few_pages;
  few_pages.backend.n_pages = 4;
  SchedulerHarness small(few_pages);
  EXPECT_EQ(small.scheduler->max_context(), 32u);
}

TEST(Scheduler, LimitsAreClampedToWhatWorks) {
  HarnessOptions options;
  options.limits = {.queue_capacity = 0, .max_running = 0, .prefill_tokens_per_step = 0, .stream_capacity = 0};
  SchedulerHarness h(options);
  EXPECT_EQ(h.scheduler->limits().queue_capacity, 1u);
  EXPECT_EQ(h.scheduler->limits().max_running, 1u);
  h.scheduler->start();
  const GenerateRequest request = greedy_request({1, 2}, 30);
  const auto received = h.run(request);
  h.io.run();
  expect_complete(*received, request);
}

TEST(Scheduler, StatusAndCancelByIdWhileAStepRuns) {
  SchedulerHarness h;
  Gate gate;
  h.backend.on_forward = [&](const engine::StepPlan&) { gate.pass(); };
  h.scheduler->start();
  GenerateRequest request = greedy_request({1, 2, 3}, 40);
  request.label = "completions 127.0.0.1";
  const auto received = h.run(std::move(request));
  gate.let_pass(3);
  gate.wait_for_arrival(4);  // inside the fourth step: three tokens were made
  const std::vector<RequestStatus> all = h.scheduler->requests();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].state, RequestState::decode);
  EXPECT_EQ(all[0].label, "completions 127.0.0.1");
  EXPECT_EQ(all[0].n_prompt, 3u);
  EXPECT_EQ(all[0].n_prefilled, 3u);
  EXPECT_EQ(all[0].n_generated, 3u);
  EXPECT_EQ(all[0].max_tokens, 40u);
  EXPECT_EQ(all[0].n_pages, 1u);
  EXPECT_GE(all[0].age_s, 0.0);
  ASSERT_TRUE(h.scheduler->request(all[0].id));
  EXPECT_FALSE(h.scheduler->request(all[0].id + 1));
  EXPECT_EQ(h.scheduler->snapshot().running, 1u);

  EXPECT_FALSE(h.scheduler->cancel(all[0].id + 1));
  EXPECT_TRUE(h.scheduler->cancel(all[0].id));
  gate.open();
  h.io.run();
  EXPECT_EQ(received->finish, FinishReason::cancelled);
  EXPECT_EQ(received->tokens.size(), 3u);
  EXPECT_FALSE(h.scheduler->cancel(all[0].id)) << "it has ended";
  const std::optional<RequestStatus> ended = h.scheduler->request(all[0].id);
  ASSERT_TRUE(ended) << "the last ones are remembered";
  EXPECT_EQ(ended->finish, FinishReason::cancelled);
  EXPECT_EQ(ended->n_generated, 3u);
  EXPECT_TRUE(h.scheduler->requests().empty());
  EXPECT_EQ(h.scheduler->ended_requests().size(), 1u);
  h.end_and_expect_no_problems();
}

TEST(Scheduler, DestroyedTicketCancels) {
  SchedulerHarness h;
  Gate gate;
  h.backend.on_forward = [&](const engine::StepPlan&) { gate.pass(); };
  h.scheduler->start();
  {
    Result<Ticket> ticket = h.scheduler->submit(greedy_request({1, 2, 3}, 40), h.io.get_executor());
    ASSERT_TRUE(ticket);
    gate.wait_for_arrival(1);
  }
  EXPECT_TRUE(h.scheduler->requests().empty());
  h.scheduler->drain();
  EXPECT_FALSE(h.scheduler->drained()) << "its step still runs";
  gate.open();
  while (!h.scheduler->drained()) std::this_thread::yield();
  EXPECT_EQ(h.scheduler->snapshot().finished_cancelled, 1u);
  h.end_and_expect_no_problems();
}

TEST(Scheduler, MovedTicketsKeepWorkingAndAssignmentCancelsTheOldOne) {
  SchedulerHarness h;
  Ticket first = std::move(h.scheduler->submit(greedy_request({1}, 3), h.io.get_executor()).value());
  Ticket second = std::move(h.scheduler->submit(greedy_request({2}, 3), h.io.get_executor()).value());
  const RequestId id = second.id();
  first = std::move(second);
  EXPECT_EQ(first.id(), id);
  h.scheduler->start();
  auto received = std::make_shared<test::Received>();
  net::co_spawn(h.io, test::receive(std::move(first), received), net::detached);
  h.io.run();
  expect_complete(*received, greedy_request({2}, 3));
  EXPECT_EQ(h.scheduler->snapshot().finished_cancelled, 1u);
}

TEST(Scheduler, DrainRefusesTheNewAndFinishesTheRunning) {
  SchedulerHarness h;
  const GenerateRequest request = greedy_request({1, 2}, 20);
  const auto received = h.run(request);
  h.scheduler->drain();
  EXPECT_TRUE(h.scheduler->snapshot().draining);
  EXPECT_FALSE(h.scheduler->drained());
  Result<Ticket> late = h.scheduler->submit(greedy_request({1}, 3), h.io.get_executor());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::draining);
  h.scheduler->start();
  h.io.run();
  expect_complete(*received, request);
  while (!h.scheduler->drained()) std::this_thread::yield();  // the event is sent just before the count
  h.end_and_expect_no_problems();
}

TEST(Scheduler, DestructionCancelsWhatRunsAndTicketsOutliveIt) {
  for (const bool started : {false, true}) {
    SchedulerHarness h;
    Gate gate;
    h.backend.on_forward = [&](const engine::StepPlan& plan) {
      gate.pass();
      // The destructor sets the flags before it waits for the thread, so a step that runs sees them.
      while (!plan.cancelled[0]->load()) std::this_thread::yield();
    };
    std::vector<std::shared_ptr<test::Received>> received;
    for (engine::TokenId i = 0; i < 20; ++i) received.push_back(h.run(greedy_request({i, 1}, 40)));
    if (started) h.scheduler->start();
    if (started) gate.wait_for_arrival(1);
    gate.open();
    h.scheduler.reset();
    h.io.run();
    for (const auto& one : received) {
      EXPECT_EQ(one->finish, FinishReason::cancelled);
      EXPECT_TRUE(one->tokens.empty());
    }
  }
}

// Reads without owning the ticket.
net::awaitable<void> read_for_ever(Ticket& ticket) {
  std::array<TokenEvent, 8> events;
  while (co_await ticket.next(events, Duration::zero()) > 0) {
  }
}

// Tickets first: a context that is being destroyed can no longer take what the engine posts for a ticket that lives.
TEST(Scheduler, ContextMayGoAfterItsTicketsWhileTheEngineRuns) {
  for (int round = 0; round < 20; ++round) {
    SchedulerHarness h;
    h.scheduler->start();
    {
      net::io_context io;
      std::vector<Ticket> tickets;
      tickets.reserve(8);
      for (engine::TokenId i = 0; i < 8; ++i) {
        tickets.push_back(h.scheduler->submit(greedy_request({i, 1}, 60), io.get_executor()).value());
        net::co_spawn(io, read_for_ever(tickets.back()), net::detached);
      }
      for (int i = 0; i < round * 4; ++i) io.poll_one();
      tickets.clear();
    }
    h.scheduler->drain();
    while (!h.scheduler->drained()) std::this_thread::yield();
    h.end_and_expect_no_problems();
  }
}

TEST(Scheduler, NextTimesOutWhileNothingComes) {
  SchedulerHarness h;  // not started
  std::size_t got = 99;
  const auto wait_a_little = [](Ticket ticket, std::size_t& out) -> net::awaitable<void> {
    std::array<TokenEvent, 4> events;
    const Duration timeout = std::chrono::milliseconds(1);
    out = co_await ticket.next(events, timeout);
  };
  Result<Ticket> ticket = h.scheduler->submit(greedy_request({1}, 3), h.io.get_executor());
  net::co_spawn(h.io, wait_a_little(std::move(ticket.value()), got), net::detached);
  h.io.run();
  EXPECT_EQ(got, 0u);
}

TEST(Scheduler, EngineThreadHasItsName) {
  SchedulerHarness h;
  std::string name;
  h.backend.on_forward = [&](const engine::StepPlan&) {
    std::ifstream comm("/proc/self/task/" + std::to_string(gettid()) + "/comm");
    std::getline(comm, name);
  };
  h.scheduler->start();
  const auto received = h.run(greedy_request({1}, 1));
  h.io.run();
  h.scheduler.reset();
  EXPECT_EQ(name, "quern-engine");
}

TEST(Scheduler, BuffersAreKnownBeforeTheyAreMade) {
  test::FakeBackend backend;
  const kv::KvConfig config{.page_tokens = 8, .n_pages = 64};
  // 16 rows of 97 floats, and page lists of 16 sequences with 256 / 8 pages.
  EXPECT_EQ(Scheduler::buffer_bytes(backend, config), 16u * 97u * 4u + 16u * 32u * 4u + kv::PrefixCache::bytes(64, 8));
}

}  // namespace
}  // namespace quern::sched
