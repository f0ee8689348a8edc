#include "sched/engine_loop.hpp"

#include "tests/sched/engine_harness.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using engine::TokenId;
using test::Clients;
using test::EngineHarness;
using test::expect_complete;
using test::expected_output;
using test::greedy_request;

std::vector<TokenId> prompt_of(std::size_t n, TokenId first = 1) {
  std::vector<TokenId> out(n);
  for (std::size_t i = 0; i < n; ++i)
    out[i] = static_cast<TokenId>((static_cast<std::size_t>(first) * 31 + i * 7) % 97);
  return out;
}

TEST(EngineLoop, OneRequestGetsItsTokens) {
  EngineHarness h;
  const auto client = h.submit(greedy_request(prompt_of(20), 30));
  ASSERT_TRUE(h.run_until_idle({client}));
  expect_complete(*client);
  EXPECT_EQ(client->generation->state.load(), RequestState::finished);
  EXPECT_EQ(h.stats.prompt_tokens.load(), 20u);
  EXPECT_EQ(h.stats.generated_tokens.load(), 30u);
  EXPECT_EQ(h.stats.finished_length.load(), 1u);
  h.expect_all_free();
}

TEST(EngineLoop, PageBordersOnBothSides) {
  for (std::size_t n_prompt = 1; n_prompt <= 18; ++n_prompt) {
    for (const std::uint32_t max_tokens : {1u, 2u, 7u, 8u, 9u, 17u}) {
      EngineHarness h;
      const auto client = h.submit(greedy_request(prompt_of(n_prompt), max_tokens));
      ASSERT_TRUE(h.run_until_idle({client}));
      expect_complete(*client);
      h.expect_all_free();
    }
  }
}

TEST(EngineLoop, StopsAtEndOfGenerationAndHidesTheToken) {
  EngineHarness h;
  h.backend.next_token = [](std::span<const TokenId> tokens) { return tokens.size() < 8 ? TokenId{50} : test::kEos; };
  GenerateRequest request = greedy_request(prompt_of(5), 30);
  request.ignore_eos = false;
  const auto stops = h.submit(request);
  request.ignore_eos = true;
  const auto goes_on = h.submit(request);
  ASSERT_TRUE(h.run_until_idle({stops, goes_on}));
  EXPECT_EQ(stops->tokens, (std::vector<TokenId>{50, 50, 50}));
  EXPECT_EQ(stops->finish, FinishReason::stop);
  EXPECT_EQ(goes_on->tokens.size(), 30u);
  EXPECT_EQ(goes_on->finish, FinishReason::length);
  EXPECT_EQ(h.stats.finished_stop.load(), 1u);
  h.expect_all_free();
}

TEST(EngineLoop, StopsAtTheTokensOfTheRequest) {
  EngineHarness h;
  h.backend.next_token = [](std::span<const TokenId> tokens) { return tokens.size() < 8 ? TokenId{50} : TokenId{51}; };
  GenerateRequest request = greedy_request(prompt_of(5), 30);
  request.ignore_eos = false;
  request.stop_tokens = {49, 51};
  const auto stops = h.submit(request);
  ASSERT_TRUE(h.run_until_idle({stops}));
  EXPECT_EQ(stops->tokens, (std::vector<TokenId>{50, 50, 50}));
  EXPECT_EQ(stops->finish, FinishReason::stop);
  h.expect_all_free();
}

TEST(EngineLoop, LogprobsAreSentWhenWanted) {
  EngineHarness h;
  GenerateRequest request = greedy_request(prompt_of(5), 2);
  request.logprobs.wanted = true;
  const auto client = h.submit(request);
  request.logprobs.n_top = 3;
  const auto asks_for_more = h.submit(request);
  ASSERT_TRUE(h.run_until_idle({client, asks_for_more}));
  EXPECT_TRUE(client->tops.empty());
  ASSERT_EQ(asks_for_more->tops.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(asks_for_more->tops[i].size(), 3u);
    EXPECT_EQ(asks_for_more->tops[i][0].token, asks_for_more->tokens[i]);
    EXPECT_EQ(asks_for_more->tops[i][0].logprob, asks_for_more->logprobs[i]);
    EXPECT_NEAR(asks_for_more->tops[i][2].logprob, -10.004349, 1e-5);
  }
  // One logit of 10 among 96 zeros: log(e^10 / (e^10 + 96)).
  ASSERT_EQ(client->logprobs.size(), 2u);
  for (const float logprob : client->logprobs) EXPECT_NEAR(logprob, -0.004349, 1e-5);
}

TEST(EngineLoop, NothingToGenerateComputesThePromptForOthers) {
  EngineHarness h;
  const auto prefill = h.submit(greedy_request(prompt_of(33), 0));
  ASSERT_TRUE(h.run_until_idle({prefill}));
  EXPECT_TRUE(prefill->tokens.empty());
  EXPECT_EQ(prefill->finish, FinishReason::length);
  EXPECT_EQ(h.stats.prompt_tokens.load(), 33u);
  EXPECT_EQ(h.stats.generated_tokens.load(), 0u);
  const auto after = h.submit(greedy_request(prompt_of(33), 5));
  ASSERT_TRUE(h.run_until_idle({after}));
  expect_complete(*after);
  EXPECT_EQ(after->generation->n_cached.load(), 32u);
  h.expect_all_free();
}

TEST(EngineLoop, TimeForGeneratingEndsAnAnswerAtItsNextToken) {
  EngineHarness h;
  GenerateRequest request = greedy_request(prompt_of(5), 200);
  request.max_decode = std::chrono::milliseconds(100);
  const auto client = h.submit(request);
  const auto other = h.submit(greedy_request(prompt_of(5), 40));
  for (int i = 0; i < 5; ++i) {
    h.step();
    h.read(client);
    h.read(other);
  }
  const std::size_t n_in_time = client->generation->n_generated.load();
  ASSERT_GT(n_in_time, 0u);
  EXPECT_FALSE(client->generation->finished());
  h.clock.advance(std::chrono::milliseconds(100));
  ASSERT_TRUE(h.run_until_idle({client, other}));
  EXPECT_EQ(client->tokens.size(), n_in_time + 1);
  EXPECT_EQ(client->finish, FinishReason::length);
  expect_complete(*other);
  h.expect_all_free();
}

TEST(EngineLoop, HeadOfTheLineWaitsForPagesAndNobodyOvertakes) {
  EngineHarness::Options options;
  options.backend.n_pages = 10;  // of 8 tokens
  options.limits.preempt = false;
  EngineHarness h(options);
  const auto first = h.submit(greedy_request(prompt_of(20), 20));   // 5 pages
  const auto second = h.submit(greedy_request(prompt_of(20), 28));  // 6 pages: not beside the first
  const auto third = h.submit(greedy_request(prompt_of(4), 4));     // 1 page: would fit
  h.step();
  EXPECT_NE(first->generation->state.load(), RequestState::queued);
  EXPECT_EQ(second->generation->state.load(), RequestState::queued);
  EXPECT_EQ(third->generation->state.load(), RequestState::queued);
  EXPECT_EQ(h.queue.size(), 3u) << "whoever has not ended counts against the queue";
  ASSERT_TRUE(h.run_until_idle({first, second, third}));
  for (const auto& client : {first, second, third}) expect_complete(*client);
  h.expect_all_free();
}

TEST(EngineLoop, MaxRunningIsKept) {
  EngineHarness::Options options;
  options.limits.max_running = 3;
  EngineHarness h(options);
  Clients clients;
  for (TokenId i = 0; i < 10; ++i) clients.push_back(h.submit(greedy_request(prompt_of(4, i), 6)));
  bool moving = true;
  while (moving) {
    moving = h.step();
    EXPECT_LE(h.stats.running.load(), 3u);
    for (const auto& client : clients) h.read(client);
  }
  for (const auto& client : clients) expect_complete(*client);
  h.expect_all_free();
}

TEST(EngineLoop, CancelWhileQueued) {
  EngineHarness::Options options;
  options.limits.max_running = 1;
  EngineHarness h(options);
  const auto runs = h.submit(greedy_request(prompt_of(4), 20));
  const auto waits = h.submit(greedy_request(prompt_of(4), 20));
  h.step();
  h.cancel(*waits);
  h.step();
  h.read(waits);
  EXPECT_EQ(waits->finish, FinishReason::cancelled);
  EXPECT_TRUE(waits->tokens.empty());
  ASSERT_TRUE(h.run_until_idle({runs}));
  expect_complete(*runs);
  h.expect_all_free();
}

TEST(EngineLoop, CancelWhilePrefillingGivesThePagesBackAtOnce) {
  EngineHarness h;
  const auto client = h.submit(greedy_request(prompt_of(150), 20));
  h.step();
  EXPECT_EQ(client->generation->state.load(), RequestState::prefill);
  EXPECT_LT(h.pool.n_free(), h.pool.n_pages());
  h.cancel(*client);
  EXPECT_FALSE(h.step());
  h.read(client);
  EXPECT_EQ(client->finish, FinishReason::cancelled);
  h.expect_all_free();
}

TEST(EngineLoop, CancelWhileDecodingKeepsTheTokensSent) {
  EngineHarness h;
  const auto client = h.submit(greedy_request(prompt_of(8), 50));
  for (int i = 0; i < 5; ++i) h.step();
  h.cancel(*client);
  ASSERT_TRUE(h.run_until_idle({client}));
  EXPECT_EQ(client->finish, FinishReason::cancelled);
  const std::vector<TokenId> want = expected_output(client->request, 97).tokens;
  ASSERT_EQ(client->tokens.size(), 5u);
  EXPECT_TRUE(std::equal(client->tokens.begin(), client->tokens.end(), want.begin()));
  h.expect_all_free();
}

// The plan carries the flag itself; a sequence cancelled inside the step gets no token of that step.
TEST(EngineLoop, CancelInsideAStep) {
  for (const int at_step : {1, 2, 3, 6}) {
    EngineHarness h;
    const auto stays = h.submit(greedy_request(prompt_of(40), 10));
    const auto goes = h.submit(greedy_request(prompt_of(40, 5), 10));
    int steps = 0;
    h.backend.on_forward = [&](const engine::StepPlan& plan) {
      if (++steps != at_step) return;
      for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) EXPECT_FALSE(plan.cancelled[s]->load());
      goes->generation->cancelled = true;
      EXPECT_EQ(std::count_if(plan.cancelled.begin(), plan.cancelled.end(), [](const auto* c) { return c->load(); }),
                1);
    };
    for (int i = 0; i < at_step; ++i) h.step();
    EXPECT_EQ(goes->generation->state.load(), RequestState::finished) << "in the same step";
    ASSERT_TRUE(h.run_until_idle({stays, goes}));
    EXPECT_EQ(goes->finish, FinishReason::cancelled);
    EXPECT_LT(static_cast<int>(goes->tokens.size()), at_step);
    expect_complete(*stays);
    h.expect_all_free();
  }
}

TEST(EngineLoop, SlowReaderParksOnlyItself) {
  EngineHarness h;  // 8 tokens fit into a ring
  const auto slow = h.submit(greedy_request(prompt_of(4), 40));
  const auto fast = h.submit(greedy_request(prompt_of(4, 9), 40));
  ASSERT_TRUE(h.run_until_idle({fast}));
  expect_complete(*fast);
  EXPECT_EQ(slow->generation->state.load(), RequestState::parked);
  EXPECT_EQ(slow->generation->n_generated.load(), 8u);
  EXPECT_EQ(h.stats.parked.load(), 1u);
  EXPECT_GT(h.pool.n_referenced(), 0u) << "it keeps its pages";

  const std::uint32_t epoch = h.signal->epoch();
  h.read(slow, 3);
  EXPECT_NE(h.signal->epoch(), epoch) << "the reader that makes room wakes the engine";
  EXPECT_TRUE(h.step());
  EXPECT_EQ(slow->generation->state.load(), RequestState::decode);
  ASSERT_TRUE(h.run_until_idle({slow}));
  expect_complete(*slow);
  h.expect_all_free();
}

TEST(EngineLoop, ParkedSequenceCanBeCancelledAndStillGetsItsLastEvent) {
  EngineHarness h;
  const auto client = h.submit(greedy_request(prompt_of(4), 40));
  while (h.step()) {
  }
  ASSERT_EQ(client->generation->state.load(), RequestState::parked);
  h.cancel(*client);
  h.step();
  EXPECT_EQ(h.pool.n_referenced(), 0u);
  ASSERT_TRUE(h.run_until_idle({client}));
  EXPECT_EQ(client->tokens.size(), 8u);
  EXPECT_EQ(client->finish, FinishReason::cancelled);
  h.expect_all_free();
}

TEST(EngineLoop, LongPromptDoesNotStopRunningStreams) {
  EngineHarness h;  // 16 prompt tokens per step beside decodes
  const auto stream = h.submit(greedy_request(prompt_of(4), 30));
  h.step();
  const auto prompt = h.submit(greedy_request(prompt_of(200, 3), 4));
  std::size_t steps = 0;
  while (prompt->generation->state.load() != RequestState::decode && steps < 100) {
    h.step();
    h.read(stream);
    ++steps;
    EXPECT_EQ(stream->tokens.size(), steps + 1) << "one token in every step";
  }
  EXPECT_EQ(steps, 13u);  // ceil(200 / 16)
  ASSERT_TRUE(h.run_until_idle({stream, prompt}));
  expect_complete(*stream);
  expect_complete(*prompt);
}

TEST(EngineLoop, MoreSequencesThanPlacesInAStepAllEnd) {
  EngineHarness::Options options;
  options.backend.limits.max_seqs_per_step = 3;
  options.backend.limits.max_logits_per_step = 2;
  options.backend.limits.max_tokens_per_step = 5;
  EngineHarness h(options);
  Clients clients;
  for (TokenId i = 0; i < 12; ++i) clients.push_back(h.submit(greedy_request(prompt_of(9, i), 12)));
  ASSERT_TRUE(h.run_until_idle(clients));
  for (const auto& client : clients) expect_complete(*client);
  h.expect_all_free();
}

TEST(EngineLoop, SequencesTakeTurnsWhenNotAllFitIntoAStep) {
  EngineHarness::Options options;
  options.backend.limits.max_seqs_per_step = 2;
  options.limits.stream_capacity = 100;
  EngineHarness h(options);
  Clients clients;
  for (TokenId i = 0; i < 6; ++i) clients.push_back(h.submit(greedy_request(prompt_of(2, i), 60)));
  const auto generated = [](const auto& client) { return client->generation->n_generated.load(); };
  while (!std::all_of(clients.begin(), clients.end(), [&](const auto& client) { return generated(client) > 0; })) {
    ASSERT_TRUE(h.step());
  }
  std::vector<std::uint32_t> before;
  for (const auto& client : clients) before.push_back(generated(client));
  for (int i = 0; i < 30; ++i) h.step();
  for (std::size_t i = 0; i < clients.size(); ++i)
    EXPECT_EQ(generated(clients[i]) - before[i], 10u) << "sequence " << i;
}

// Sampled, not greedy: logits that depend on the history only, so that any leak between sequences changes the draw.
TEST(EngineLoop, ResultsDoNotDependOnWhoSharesTheStep) {
  const auto run = [](std::size_t n_others) {
    EngineHarness h;
    h.backend.fill_logits = [](std::span<const TokenId> tokens, std::span<float> logits) {
      std::uint64_t hash = test::hash_tokens(tokens);
      for (float& logit : logits) {
        hash = hash * 6364136223846793005u + 1442695040888963407u;
        logit = static_cast<float>(hash >> 40) / static_cast<float>(1u << 22);  // 0..4
      }
    };
    Clients clients;
    for (std::size_t i = 0; i < n_others; ++i) {
      GenerateRequest other = greedy_request(prompt_of(5 + 13 * i, static_cast<TokenId>(i)), 10);
      other.sampling.temperature = 1.3f;
      clients.push_back(h.submit(other));
      h.step();
    }
    GenerateRequest request = greedy_request(prompt_of(30), 40);
    request.sampling.temperature = 0.9f;
    request.sampling.repeat_penalty = 1.2f;
    request.sampling.has_seed = true;
    request.sampling.seed = 42;
    clients.push_back(h.submit(request));
    EXPECT_TRUE(h.run_until_idle(clients));
    return clients.back()->tokens;
  };
  const std::vector<TokenId> alone = run(0);
  EXPECT_EQ(alone.size(), 40u);
  EXPECT_GT(std::set<TokenId>(alone.begin(), alone.end()).size(), 10u) << "really sampled";
  EXPECT_EQ(run(1), alone);
  EXPECT_EQ(run(7), alone);
}

TEST(EngineLoop, TimesAreMeasuredOnTheGivenClock) {
  EngineHarness h;  // every step advances the clock by 10 ms
  h.backend.on_forward = [&h](const engine::StepPlan&) { h.clock.advance(std::chrono::milliseconds(5)); };
  h.clock.advance(std::chrono::milliseconds(100));
  const auto client = h.submit(greedy_request(prompt_of(4), 3));
  ASSERT_TRUE(h.run_until_idle({client}));
  const Histogram first = h.stats.time_to_first_token.read(), gap = h.stats.inter_token.read();
  EXPECT_EQ(first.count, 1u);
  EXPECT_NEAR(first.sum, 0.015, 1e-9);
  EXPECT_EQ(gap.count, 2u);
  EXPECT_NEAR(gap.sum, 0.030, 1e-9);
  EXPECT_NEAR(h.stats.step.read().sum, 0.015, 1e-9);
  EXPECT_NEAR(h.stats.queue.read().sum, 0.010, 1e-9);
}

TEST(EngineLoop, ShutDownEndsEverythingAsCancelled) {
  EngineHarness::Options options;
  options.limits.max_running = 1;
  EngineHarness h(options);
  const auto running = h.submit(greedy_request(prompt_of(4), 40));
  const auto waiting = h.submit(greedy_request(prompt_of(4), 40));
  h.step();
  const auto queued = h.submit(greedy_request(prompt_of(4), 40));
  h.loop->shut_down();
  for (const auto& client : {running, waiting, queued}) {
    h.read(client);
    EXPECT_EQ(client->finish, FinishReason::cancelled);
  }
  h.expect_all_free();
}

}  // namespace
}  // namespace quern::sched
