// Rows of logits from which nobody can draw: who ends, who goes on, and what the prefix cache keeps. The fake model
// breaks where a sequence holds a certain token, as one does whose embedding of it is damaged; pages that hold the
// token are thus broken for every reader.
#include "tests/sched/engine_harness.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using engine::TokenId;
using engine::sampling::RowFault;
using test::Clients;
using test::EngineHarness;
using test::expect_complete;
using test::greedy_request;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr TokenId kBroken = 90;

std::vector<TokenId> prompt_of(std::size_t n, TokenId first = 1) {
  std::vector<TokenId> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<TokenId>((i * 7 + 11) % 80);
  out[0] = first;
  return out;
}
std::vector<TokenId> broken_at(std::vector<TokenId> prompt, std::size_t at) {
  prompt[at] = kBroken;
  return prompt;
}

class BrokenRows : public testing::Test {
 protected:
  BrokenRows() {
    h.backend.fill_logits = [this](std::span<const TokenId> tokens, std::span<float> logits) {
      logits[static_cast<std::size_t>(test::hashed_token(tokens, 80))] = 10.0f;
      const bool breaks = std::ranges::count(tokens, kBroken) > 0 || tokens.size() == break_at_length;
      if (breaks && damage) damage(logits);
    };
    damage = [](std::span<float> logits) { logits[5] = kNan; };
  }

  std::shared_ptr<test::Client> run(GenerateRequest request) {
    const auto client = h.submit(std::move(request));
    EXPECT_TRUE(h.run_until_idle({client}));
    h.expect_all_free();
    return client;
  }
  void expect_failed(const test::Client& client, std::size_t n_tokens = 0) {
    EXPECT_EQ(client.finish, FinishReason::failed);
    EXPECT_EQ(client.tokens.size(), n_tokens);
  }

  EngineHarness h;  // pages of 8 tokens, steps of 64
  std::function<void(std::span<float>)> damage;
  std::size_t break_at_length = 0;
};

TEST_F(BrokenRows, EndTheirRequestAndSayWhatWasFound) {
  const std::vector<std::pair<std::function<void(std::span<float>)>, RowFault>> kinds{
      {[](std::span<float> x) { x[96] = kNan; }, RowFault::not_a_number},
      {[](std::span<float> x) { x[0] = -kNan; }, RowFault::not_a_number},
      {[](std::span<float> x) { x[3] = kInfinity; }, RowFault::infinite},
      {[](std::span<float> x) { std::ranges::fill(x, kNan); }, RowFault::not_a_number},
      {[](std::span<float> x) { std::ranges::fill(x, -kInfinity); }, RowFault::nothing_finite}};
  std::uint64_t n_failed = 0;
  for (const auto& [kind, fault] : kinds) {
    damage = kind;
    for (const float temperature : {0.0f, 1.0f}) {
      GenerateRequest request = greedy_request(broken_at(prompt_of(20), 9), 5);
      request.sampling.temperature = temperature;
      const auto client = run(request);
      expect_failed(*client);
      EXPECT_EQ(client->fault, fault);
      EXPECT_EQ(h.cache.n_listed(), 0u);
      EXPECT_EQ(h.stats.finished_failed.load(), ++n_failed);
    }
  }
}

TEST_F(BrokenRows, MaskedTokensAreNoFault) {
  damage = [](std::span<float> x) { std::ranges::fill(x.subspan(0, 80), -kInfinity); };
  const auto client = run(greedy_request(broken_at(prompt_of(20), 9), 5));
  EXPECT_EQ(client->finish, FinishReason::length);
  EXPECT_EQ(client->tokens, (std::vector<TokenId>(5, 80)));
}

TEST_F(BrokenRows, InMidAnswerEndItThereAndKeepNothing) {
  break_at_length = 31;
  const auto client = run(greedy_request(prompt_of(20), 50));
  expect_failed(*client, 11);
  EXPECT_EQ(h.cache.n_listed(), 0u);
  break_at_length = 0;
  const auto again = run(greedy_request(prompt_of(20), 3));
  EXPECT_EQ(again->finish, FinishReason::length);
  EXPECT_EQ(again->generation->n_cached.load(), 0u);
}

TEST_F(BrokenRows, OthersOfTheSameStepsGoOn) {
  Clients clients;
  for (TokenId i = 0; i < 6; ++i) {
    const std::vector<TokenId> prompt = prompt_of(20 + static_cast<std::size_t>(i), i);
    clients.push_back(h.submit(greedy_request(i % 2 == 0 ? broken_at(prompt, 18) : prompt, 30)));
  }
  ASSERT_TRUE(h.run_until_idle(clients));
  h.expect_all_free();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (i % 2 == 0) {
      expect_failed(*clients[i]);
    } else {
      expect_complete(*clients[i], 80);
    }
  }
}

TEST_F(BrokenRows, WhatOthersComputedAndReadSoundlyStays) {
  run(greedy_request(prompt_of(44), 1));
  const std::uint64_t n_listed = h.cache.n_listed();
  ASSERT_EQ(n_listed, 5u);
  std::vector<TokenId> longer = prompt_of(60);
  const auto client = run(greedy_request(broken_at(longer, 59), 5));
  expect_failed(*client);
  EXPECT_GE(client->generation->n_cached.load(), 40u);
  EXPECT_EQ(h.cache.n_listed(), n_listed);
  EXPECT_EQ(run(greedy_request(prompt_of(44), 1))->generation->n_cached.load(), 40u);
}

// A chunk without logits lists its pages; whoever computed them left before a row could show that they are broken.
TEST_F(BrokenRows, BrokenPagesOfOneWhoLeftDoNotStayForEver) {
  const std::vector<TokenId> prompt = broken_at(prompt_of(120), 9);
  const auto leaves = h.submit(greedy_request(prompt, 5));
  while (h.cache.n_listed() < 4) ASSERT_TRUE(h.step());
  h.cancel(*leaves);
  ASSERT_TRUE(h.run_until_idle({leaves}));
  EXPECT_EQ(leaves->finish, FinishReason::cancelled);
  ASSERT_GE(h.cache.n_listed(), 4u);
  const auto finds = run(greedy_request({prompt.begin(), prompt.begin() + 30}, 5));
  EXPECT_GT(finds->generation->n_cached.load(), 0u);
  expect_failed(*finds);
  const auto next = run(greedy_request({prompt.begin(), prompt.begin() + 30}, 5));
  expect_failed(*next);
  EXPECT_EQ(next->generation->n_cached.load(), 0u) << "what the one before it had found is forgotten";
}

// The same where only a part of such a page was copied.
TEST_F(BrokenRows, NeitherDoPagesFromWhichAPartWasCopied) {
  const std::vector<TokenId> prompt = broken_at(prompt_of(120), 2);
  const auto leaves = h.submit(greedy_request(prompt, 5));
  while (h.cache.n_listed() < 4) ASSERT_TRUE(h.step());
  h.cancel(*leaves);
  ASSERT_TRUE(h.run_until_idle({leaves}));
  const std::uint64_t n_listed = h.cache.n_listed();
  std::vector<TokenId> other{prompt.begin(), prompt.begin() + 6};
  const auto copies = run(greedy_request(other, 5));
  EXPECT_EQ(copies->generation->n_cached.load(), 5u);
  expect_failed(*copies);
  EXPECT_EQ(h.cache.n_listed(), n_listed - 1) << "the first page; those behind it can no longer be found";
  EXPECT_EQ(run(greedy_request(other, 5))->generation->n_cached.load(), 0u);
}

// Pages that a sound row has read once may break for others all the same (behind a window, say): the second failure
// in a row takes them, a sound reader in between does not let it come to that.
TEST_F(BrokenRows, ATrustedPageGoesAfterTwoFailuresInARow) {
  const std::vector<TokenId> prompt = prompt_of(44);
  const auto fail_behind = [&](TokenId last) {
    std::vector<TokenId> longer = prompt_of(46);
    longer[44] = last;
    expect_failed(*run(greedy_request(broken_at(longer, 45), 5)));
  };
  run(greedy_request(prompt, 1));
  fail_behind(1);
  run(greedy_request(prompt, 1));
  fail_behind(2);
  EXPECT_EQ(h.cache.n_listed(), 5u);
  fail_behind(3);
  EXPECT_EQ(h.cache.n_listed(), 0u);
}

TEST_F(BrokenRows, TwinsThatWaitForBrokenPagesEndToo) {
  const std::vector<TokenId> prompt = broken_at(prompt_of(60), 40);
  Clients clients;
  for (int i = 0; i < 4; ++i) clients.push_back(h.submit(greedy_request(prompt, 5)));
  clients.push_back(h.submit(greedy_request(prompt_of(60), 20)));
  ASSERT_TRUE(h.run_until_idle(clients));
  h.expect_all_free();
  for (int i = 0; i < 4; ++i) expect_failed(*clients[static_cast<std::size_t>(i)]);
  expect_complete(*clients[4], 80);
}

}  // namespace
}  // namespace quern::sched
