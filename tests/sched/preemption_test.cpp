// Too little memory, priorities, tenants and deadlines: who goes first, and that nobody fails for it.
#include "tests/sched/engine_harness.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using engine::TokenId;
using std::chrono::milliseconds;
using test::Clients;
using test::EngineHarness;
using test::expect_complete;
using test::greedy_request;

GenerateRequest request_of(TokenId first, std::size_t n_prompt, std::uint32_t max_tokens) {
  std::vector<TokenId> prompt(n_prompt, first);
  return greedy_request(std::move(prompt), max_tokens);
}

TEST(Preemption, AFullArenaDelaysAndFailsNobody) {
  test::HarnessOptions options;
  options.backend.n_pages = 32;  // of 8 tokens; each request needs 15, and promises 10 when it is admitted
  EngineHarness h(options);
  Clients clients;
  for (TokenId i = 0; i < 6; ++i) clients.push_back(h.submit(request_of(i, 10, 110)));
  ASSERT_TRUE(h.run_until_idle(clients));
  for (const auto& client : clients) expect_complete(*client);
  EXPECT_GT(h.stats.preemptions.load(), 0u);
  h.expect_all_free();
}

// Twins that lose their pages to others and are computed again together: the second follows the first.
TEST(Preemption, WhatIsComputedAgainIsNoCacheHit) {
  test::HarnessOptions options;
  options.backend.n_pages = 32;  // of 8 tokens
  options.limits.max_running = 2;
  EngineHarness h(options);
  Clients clients{h.submit(request_of(7, 60, 40)), h.submit(request_of(7, 60, 40))};
  for (int i = 0; i < 12; ++i) h.step();
  for (const TokenId first : {8, 9}) {
    GenerateRequest urgent = request_of(first, 110, 10);
    urgent.priority = 1;
    clients.push_back(h.submit(urgent));
  }
  ASSERT_TRUE(h.run_until_idle(clients));
  for (const auto& client : clients) expect_complete(*client);
  EXPECT_EQ(h.stats.preemptions.load(), 2u);
  std::uint64_t n_cached = 0;
  for (const auto& client : clients) n_cached += client->generation->n_cached.load();
  EXPECT_LT(clients[1]->generation->n_cached.load(), 60u);
  EXPECT_EQ(h.stats.cached_tokens.load(), n_cached);
  EXPECT_EQ(h.stats.cache_queries.load(), 2u * 60 + 2 * 110);
}

// Where decodes and prompts differ in the last bits, tokens that are computed again keep the role that they had.
TEST(Preemption, WhatIsComputedAgainHasTheRoleItHad) {
  test::HarnessOptions options;
  options.backend.two_arithmetics = true;
  options.limits.same_arithmetic = false;
  EngineHarness undisturbed(options);
  options.backend.n_pages = 32;  // of 8 tokens
  EngineHarness h(options);
  Clients clients, alone;
  for (TokenId i = 0; i < 6; ++i) {
    clients.push_back(h.submit(request_of(i, 10 + i, 90)));
    alone.push_back(undisturbed.submit(request_of(i, 10 + i, 90)));
    ASSERT_TRUE(undisturbed.run_until_idle({alone.back()}));
  }
  ASSERT_TRUE(h.run_until_idle(clients));
  EXPECT_GT(h.stats.preemptions.load(), 0u);
  EXPECT_EQ(undisturbed.stats.preemptions.load(), 0u);
  for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i]->tokens, alone[i]->tokens) << i;
  h.expect_all_free();
}

// What was said of a prompt is its reader's: it is not said again when the prompt is computed again.
TEST(Preemption, APromptIsScoredOnce) {
  using engine::sampling::TokenScore;
  const auto run = [](EngineHarness& h, const Clients& clients) {
    std::vector<std::vector<TokenScore>> taken(clients.size());
    for (int step = 0; step < 10'000; ++step) {
      h.step();
      for (std::size_t i = 0; i < clients.size(); ++i) {
        h.read(clients[i]);
        if (taken[i].empty() && !clients[i]->tokens.empty())
          taken[i] = std::move(clients[i]->generation->prompt_scores);
      }
      if (std::ranges::all_of(clients, [](const auto& c) { return c->finish != FinishReason::none; })) break;
    }
    return taken;
  };
  test::HarnessOptions options;
  EngineHarness undisturbed(options);
  options.backend.n_pages = 32;  // of 8 tokens
  EngineHarness h(options);
  Clients clients, alone;
  for (TokenId i = 0; i < 6; ++i) {
    GenerateRequest request = request_of(i, 12, 108);
    request.prompt_logprobs = {.wanted = true, .n_top = 2};
    request.use_cache = false;
    clients.push_back(h.submit(request));
    alone.push_back(undisturbed.submit(request));
  }
  const auto wanted = run(undisturbed, alone), got = run(h, clients);
  EXPECT_GT(h.stats.preemptions.load(), 0u);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    expect_complete(*clients[i]);
    EXPECT_TRUE(clients[i]->generation->prompt_scores.empty());
    ASSERT_EQ(got[i].size(), 12u);
    for (std::size_t k = 1; k < 12; ++k) {
      EXPECT_EQ(got[i][k].logprob, wanted[i][k].logprob);
      EXPECT_EQ(got[i][k].rank, wanted[i][k].rank);
      EXPECT_EQ(got[i][k].top.size(), 2u);
    }
  }
  h.expect_all_free();
}

TEST(Preemption, WithoutItPagesArePromisedInFull) {
  test::HarnessOptions options;
  options.backend.n_pages = 32;
  options.limits.preempt = false;
  EngineHarness h(options);
  Clients clients;
  for (TokenId i = 0; i < 6; ++i) clients.push_back(h.submit(request_of(i, 10, 110)));
  h.step();
  EXPECT_EQ(h.stats.running.load(), 2u);
  ASSERT_TRUE(h.run_until_idle(clients));
  for (const auto& client : clients) expect_complete(*client);
  EXPECT_EQ(h.stats.preemptions.load(), 0u);
  h.expect_all_free();
}

TEST(Preemption, TheUrgentTakesThePlaceOfTheLeastUrgent) {
  test::HarnessOptions options;
  options.limits.max_running = 2;
  EngineHarness h(options);
  const auto low = h.submit(request_of(1, 5, 40));
  GenerateRequest request = request_of(2, 5, 40);
  request.priority = 1;
  const auto middle = h.submit(request);
  h.step();
  h.step();
  request = request_of(3, 5, 10);
  request.priority = 2;
  const auto high = h.submit(request);
  h.step();
  EXPECT_EQ(low->generation->state.load(), RequestState::preempted);
  EXPECT_NE(middle->generation->state.load(), RequestState::preempted);
  EXPECT_NE(high->generation->state.load(), RequestState::queued);
  ASSERT_TRUE(h.run_until_idle({low, middle, high}));
  for (const auto& client : {low, middle, high}) expect_complete(*client);
  EXPECT_EQ(low->generation->n_preemptions.load(), 1u);
  h.expect_all_free();
}

TEST(Fairness, AFloodOfOneTenantMakesRoomForAnother) {
  test::HarnessOptions options;
  options.limits.max_running = 4;
  EngineHarness h(options);
  Clients flood;
  for (TokenId i = 0; i < 20; ++i) {
    GenerateRequest request = request_of(i, 6, 30);
    request.tenant = "flood";
    flood.push_back(h.submit(std::move(request)));
  }
  for (int i = 0; i < 5; ++i) h.step();
  Clients light;
  for (TokenId i = 0; i < 2; ++i) {
    GenerateRequest request = request_of(50 + i, 6, 10);
    request.tenant = "light";
    light.push_back(h.submit(std::move(request)));
  }
  for (int i = 0; i < 6; ++i) h.step();  // until the flood was served more than the first of them
  for (const auto& client : light) EXPECT_NE(client->generation->state.load(), RequestState::queued);
  ASSERT_TRUE(h.run_until_idle(light));
  ASSERT_TRUE(h.run_until_idle(flood));
  for (const auto& client : light) expect_complete(*client);
  for (const auto& client : flood) expect_complete(*client);
  h.expect_all_free();
}

TEST(Deadlines, WhoWaitsTooLongEndsAndWhoRunsToo) {
  test::HarnessOptions options;
  options.limits.max_running = 1;
  EngineHarness h(options);  // each step takes 10 ms
  GenerateRequest request = request_of(1, 5, 60);
  request.deadline = milliseconds(205);
  const auto runs = h.submit(request);
  request = request_of(2, 5, 5);
  request.max_queue = milliseconds(55);
  const auto waits = h.submit(request);
  const auto patient = h.submit(request_of(3, 5, 5));
  for (int i = 0; i < 10; ++i) h.step();
  h.read(waits);
  EXPECT_EQ(waits->finish, FinishReason::timed_out);
  ASSERT_TRUE(h.run_until_idle({runs, waits, patient}));
  EXPECT_EQ(runs->finish, FinishReason::timed_out);
  EXPECT_GT(runs->tokens.size(), 5u);
  EXPECT_LT(runs->tokens.size(), 25u);
  expect_complete(*patient);
  EXPECT_EQ(h.stats.finished_timed_out.load(), 2u);
  h.expect_all_free();
}

TEST(Deadlines, APromptThatCannotBeComputedInTimeIsNotBegun) {
  EngineHarness h;  // each step takes 10 ms, of at most 16 prompt tokens beside decodes
  const auto first = h.submit(request_of(1, 60, 4));
  ASSERT_TRUE(h.run_until_idle({first}));  // what a prompt token costs is known now
  const std::uint64_t before = h.stats.prompt_tokens.load();
  GenerateRequest request = request_of(3, 30, 4);
  request.deadline = std::chrono::seconds(60);
  const auto easy = h.submit(request);
  h.step();
  request = request_of(2, 240, 4);
  request.deadline = milliseconds(1);
  const auto hopeless = h.submit(request);
  ASSERT_TRUE(h.run_until_idle({hopeless, easy}));
  EXPECT_EQ(hopeless->finish, FinishReason::timed_out);
  EXPECT_EQ(h.stats.prompt_tokens.load() - before, 30u) << "not a token of the hopeless one";
  expect_complete(*easy);
  request.deadline = milliseconds(25);  // too little too, but nobody else is there: it may try
  const auto alone = h.submit(request);
  ASSERT_TRUE(h.run_until_idle({alone}));
  EXPECT_EQ(alone->finish, FinishReason::timed_out);
  EXPECT_GT(h.stats.prompt_tokens.load() - before, 30u);
  h.expect_all_free();
}

TEST(Deadlines, AnIdleLoopLooksAgainForThem) {
  EngineHarness h;
  EXPECT_FALSE(h.loop->idle_time());
  GenerateRequest request = request_of(1, 5, 60);
  request.deadline = milliseconds(500);
  const auto client = h.submit(request);
  for (int i = 0; i < 20; ++i) h.step();  // nobody reads: parked
  EXPECT_EQ(client->generation->state.load(), RequestState::parked);
  EXPECT_TRUE(h.loop->idle_time());
  ASSERT_TRUE(h.run_until_idle({client}));
}

TEST(Times, AddUpToTheAge) {
  test::HarnessOptions options;
  options.limits.max_running = 1;
  EngineHarness h(options);
  const auto first = h.submit(request_of(1, 40, 20));
  const auto second = h.submit(request_of(2, 40, 20));
  for (int i = 0; i < 200; ++i) {
    h.step();
    if (i > 12) h.read(first), h.read(second);
    for (const auto& client : {first, second}) {
      const RequestStatus status = client->generation->status(h.clock.now());
      const RequestTimes& t = status.times;
      const double age = t.queued + t.prefill + t.decode + t.parked + t.preempted;
      EXPECT_NEAR(status.age_s, age, 1e-9);
      if (status.state != RequestState::finished) {
        EXPECT_NEAR(age, to_seconds(h.clock.now() - client->generation->submitted), 1e-9);
      }
    }
  }
  const RequestStatus status = second->generation->status(h.clock.now());
  EXPECT_EQ(status.state, RequestState::finished);
  EXPECT_GT(status.times.queued, 0.05);
  EXPECT_GT(first->generation->status(h.clock.now()).times.parked, 0);
  EXPECT_EQ(status.times.preempted, 0);
  h.expect_all_free();
}

}  // namespace
}  // namespace quern::sched
