// Answers that are held to a grammar: only allowed tokens, nothing after the end, and the same tokens whether what has
// to follow is drawn or appended, alone or under pressure.
#include "engine/grammar/constraint.hpp"

#include "engine/grammar/gbnf.hpp"
#include "tests/sched/engine_harness.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using engine::TokenId;
using test::Clients;
using test::EngineHarness;
using test::greedy_request;

// The letters of the fake vocabulary: token i is 'a' + i % 26, and token 3 ends an answer.
std::shared_ptr<const engine::grammar::CompiledGrammar> compile(const EngineHarness& h, std::string_view gbnf) {
  engine::grammar::Grammar grammar;
  grammar.set_root(engine::grammar::add_gbnf(grammar, gbnf).value());
  auto vocabulary = std::make_shared<engine::grammar::GrammarVocabulary>(h.tokenizer);
  return engine::grammar::CompiledGrammar::compile(grammar, std::move(vocabulary)).value();
}

GenerateRequest constrained(const EngineHarness& h, std::string_view gbnf, TokenId first, bool jump) {
  GenerateRequest request = greedy_request(std::vector<TokenId>(10, first), 110);
  request.ignore_eos = false;
  request.constraint.grammar = compile(h, gbnf);
  request.constraint.jump_ahead = jump;
  return request;
}

std::string text_of(const EngineHarness& h, const test::Client& client) {
  std::string out;
  for (const TokenId token : client.tokens) out += h.tokenizer.piece(token, false);
  return out;
}

constexpr std::string_view kWords = R"(root ::= "hello" ("world" | "there")+ "bye")";

TEST(ConstraintTest, OnlyWhatTheGrammarAllowsAndNothingBehindIt) {
  EngineHarness h;
  const Clients clients{h.submit(constrained(h, kWords, 5, false)),
                        h.submit(constrained(h, "root ::= \"ab\" | \"ac\"", 6, true))};
  ASSERT_TRUE(h.run_until_idle(clients));
  for (const auto& client : clients) EXPECT_EQ(client->finish, FinishReason::stop);
  const std::string words = text_of(h, *clients[0]);
  EXPECT_TRUE(words.starts_with("hello")) << words;
  EXPECT_TRUE(words.ends_with("bye")) << words;
  const std::string pair = text_of(h, *clients[1]);
  EXPECT_TRUE(pair == "ab" || pair == "ac") << pair;
  h.expect_all_free();
}

TEST(ConstraintTest, WhatHasToFollowTakesNoStepOfItsOwn) {
  EngineHarness drawn, jumped;
  const Clients a{drawn.submit(constrained(drawn, kWords, 5, false))};
  const Clients b{jumped.submit(constrained(jumped, kWords, 5, true))};
  ASSERT_TRUE(drawn.run_until_idle(a));
  ASSERT_TRUE(jumped.run_until_idle(b));
  EXPECT_EQ(text_of(drawn, *a[0]), text_of(jumped, *b[0]));
  EXPECT_EQ(drawn.stats.forced_tokens.load(), 0u);
  EXPECT_GE(jumped.stats.forced_tokens.load(), 8u);
  EXPECT_LT(jumped.backend.n_steps(), drawn.backend.n_steps());
  jumped.expect_all_free();
}

TEST(ConstraintTest, TheSameTokensUnderPressure) {
  test::HarnessOptions options;
  options.backend.n_pages = 32;  // of 8 tokens; each may need 15, and promises 10 when it is admitted
  options.backend.two_arithmetics = true;
  options.limits.same_arithmetic = false;
  constexpr std::string_view kLong = R"(root ::= ("hello" | "world" | "there"){18,20} "bye")";
  std::vector<std::string> alone;
  for (TokenId first = 5; first < 11; ++first) {
    EngineHarness h(options);
    const Clients clients{h.submit(constrained(h, kLong, first, true))};
    ASSERT_TRUE(h.run_until_idle(clients));
    alone.push_back(text_of(h, *clients[0]));
  }
  EngineHarness h(options);
  Clients clients;
  for (TokenId first = 5; first < 11; ++first) clients.push_back(h.submit(constrained(h, kLong, first, true)));
  ASSERT_TRUE(h.run_until_idle(clients));
  for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(text_of(h, *clients[i]), alone[i]);
  EXPECT_GT(h.stats.preemptions.load(), 0u);
  h.expect_all_free();
}

TEST(ConstraintTest, AnAnswerEndsAtItsLengthInTheMiddleOfWhatHadToFollow) {
  EngineHarness h;
  GenerateRequest request = constrained(h, kWords, 5, true);
  request.max_tokens = 3;
  const Clients clients{h.submit(std::move(request))};
  ASSERT_TRUE(h.run_until_idle(clients));
  EXPECT_EQ(text_of(h, *clients[0]), "hel");
  EXPECT_EQ(clients[0]->finish, FinishReason::length);
  h.expect_all_free();
}

TEST(ConstraintTest, ThoughtsAreClosedWhenTheirBudgetIsUsedUp) {
  EngineHarness h;
  GenerateRequest request = greedy_request(std::vector<TokenId>(10, 5), 12);
  request.constraint.thoughts =
      engine::grammar::ThoughtBudget{.max_tokens = 4, .begin = "<", .end = "zz", .opened = true, .close = {25, 25}};
  const Clients clients{h.submit(std::move(request))};
  h.backend.next_token = [](std::span<const TokenId>) { return TokenId{1}; };
  ASSERT_TRUE(h.run_until_idle(clients));
  EXPECT_EQ(text_of(h, *clients[0]), "bbbbzzbbbbbb");
  h.expect_all_free();
}

// A reader that does not read: what has to follow waits with it.
TEST(ConstraintTest, ASlowReaderGetsAllOfIt) {
  test::HarnessOptions options;
  options.limits.stream_capacity = 2;
  EngineHarness h(options);
  const auto client = h.submit(constrained(h, kWords, 5, true));
  for (int i = 0; i < 200 && client->finish == FinishReason::none; ++i) {
    h.step();
    if (i % 3 == 0) h.read(client, 1);
  }
  ASSERT_TRUE(h.run_until_idle({client}));
  const std::string words = text_of(h, *client);
  EXPECT_TRUE(words.starts_with("hello") && words.ends_with("bye")) << words;
}

}  // namespace
}  // namespace quern::sched
