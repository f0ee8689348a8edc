// What the prefix cache spares, and that it spares nothing it should not: the fake backend makes its tokens from what
// it reads back through the pages, so a wrong page changes them.
#include "tests/sched/engine_harness.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using engine::TokenId;
using test::Clients;
using test::EngineHarness;
using test::expect_complete;
using test::greedy_request;

std::vector<TokenId> prompt_of(std::size_t n, TokenId last = 0) {
  std::vector<TokenId> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<TokenId>((i * 7 + 3) % 97);
  out.back() = last;
  return out;
}

class PrefixReuse : public testing::Test {
 protected:
  // To its end; returns the prompt tokens that were computed.
  std::uint64_t run(const Clients& clients) {
    const std::uint64_t before = h.stats.prompt_tokens.load();
    EXPECT_TRUE(h.run_until_idle(clients));
    for (const auto& client : clients) expect_complete(*client);
    h.expect_all_free();
    return h.stats.prompt_tokens.load() - before;
  }
  EngineHarness h;  // pages of 8 tokens
};

TEST_F(PrefixReuse, TheSamePromptIsComputedOnce) {
  EXPECT_EQ(run({h.submit(greedy_request(prompt_of(60), 5))}), 60u);
  const auto again = h.submit(greedy_request(prompt_of(60), 5));
  EXPECT_EQ(run({again}), 1u) << "seven whole pages, and the page that differs behind token 59";
  EXPECT_EQ(again->generation->n_cached.load(), 59u);
}

TEST_F(PrefixReuse, APromptOfWholePagesLeavesOneTokenToCompute) {
  run({h.submit(greedy_request(prompt_of(64), 3))});
  EXPECT_EQ(run({h.submit(greedy_request(prompt_of(64), 3))}), 1u);
}

TEST_F(PrefixReuse, WhatDiffersInsideAPageIsCopiedAndComputed) {
  run({h.submit(greedy_request(prompt_of(64), 3))});
  std::vector<TokenId> other = prompt_of(64);
  other[61] = 90;
  EXPECT_EQ(run({h.submit(greedy_request(other, 3))}), 3u);
  // The first one's pages are still its own.
  EXPECT_EQ(run({h.submit(greedy_request(prompt_of(64), 3))}), 1u);
}

TEST_F(PrefixReuse, AnAnswerIsThePrefixOfTheNextTurn) {
  const auto first = h.submit(greedy_request(prompt_of(30), 20));
  run({first});
  std::vector<TokenId> next = prompt_of(30);
  next.insert(next.end(), first->tokens.begin(), first->tokens.end());
  next.push_back(5);
  EXPECT_EQ(run({h.submit(greedy_request(next, 3))}), 51u - 48u)
      << "48 tokens are whole pages, and the last one drawn was never computed";
}

TEST_F(PrefixReuse, IdenticalPromptsAtOnceAreComputedOnce) {
  Clients clients;
  for (int i = 0; i < 6; ++i) clients.push_back(h.submit(greedy_request(prompt_of(60), 5)));
  EXPECT_EQ(run(clients), 60u + 5 * 4) << "the rest behind the last whole page is everybody's own";
}

TEST_F(PrefixReuse, SaltsShareNothing) {
  GenerateRequest request = greedy_request(prompt_of(60), 5);
  request.cache_salt = "a";
  EXPECT_EQ(run({h.submit(request)}), 60u);
  request.cache_salt = "b";
  EXPECT_EQ(run({h.submit(request)}), 60u);
  request.cache_salt = "a";
  EXPECT_EQ(run({h.submit(request)}), 1u);
}

TEST_F(PrefixReuse, WhoDoesNotWantItNeitherFindsNorLeavesAnything) {
  GenerateRequest request = greedy_request(prompt_of(60), 5);
  request.use_cache = false;
  EXPECT_EQ(run({h.submit(request)}), 60u);
  EXPECT_EQ(h.pool.n_retained(), 0u);
  EXPECT_EQ(run({h.submit(greedy_request(prompt_of(60), 5))}), 60u);
  EXPECT_EQ(run({h.submit(request)}), 60u);
}

TEST_F(PrefixReuse, PagesGoToNewPromptsWhenThereAreNoOthers) {
  for (TokenId i = 0; i < 40; ++i) {
    std::vector<TokenId> prompt = prompt_of(60);
    prompt[0] = i;
    EXPECT_EQ(run({h.submit(greedy_request(prompt, 5))}), 60u);
  }
  EXPECT_GT(h.cache.n_evicted(), 0u);
}

TEST(PrefixReuseLimits, AtMostSoManyPagesAreKept) {
  test::HarnessOptions options;
  options.limits.max_retained_pages = 3;
  EngineHarness h(options);
  const auto client = h.submit(greedy_request(prompt_of(60), 5));
  ASSERT_TRUE(h.run_until_idle({client}));
  EXPECT_EQ(h.pool.n_retained(), 3u);
  h.expect_all_free();
}

// Decode rows with an arithmetic of their own must not serve others as part of a prompt.
TEST(PrefixReuseLimits, AnswersAreNotReusedWhereDecodeComputesDifferently) {
  test::HarnessOptions options;
  options.limits.same_arithmetic = false;
  options.limits.preempt = false;
  EngineHarness h(options);
  const auto first = h.submit(greedy_request(prompt_of(20), 30));
  ASSERT_TRUE(h.run_until_idle({first}));
  EXPECT_EQ(h.cache.n_listed(), 2u);
  h.expect_all_free();
}

}  // namespace
}  // namespace quern::sched
