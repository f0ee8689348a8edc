#include "tests/sched/embed_harness.hpp"

#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using namespace std::chrono_literals;
using test::EmbedLoopTest;
using test::FakeEmbedder;
using test::Tokens;

TEST_F(EmbedLoopTest, EveryTextHasItsVectorWhereverItWasComputed) {
  std::vector<Tokens> texts;
  for (engine::TokenId i = 1; i <= 30; ++i) texts.push_back(text_of(static_cast<std::size_t>(i), i));
  const auto many = submit(texts), one = submit({text_of(3, 9)});
  run();
  EXPECT_GT(embedder_.steps.size(), 4u);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(many->embed->values[2 * i], static_cast<float>(i + 1));
    EXPECT_EQ(many->embed->values[2 * i + 1], static_cast<float>((i + 1) * (i + 1)));
  }
  EXPECT_EQ(one->embed->values, (std::vector<float>{3, 27}));
  EXPECT_EQ(many->finish.load(), FinishReason::stop);
  EXPECT_EQ(many->n_prefilled.load(), many->embed->n_tokens);
  EXPECT_EQ(stats_.prompt_tokens.load(), many->embed->n_tokens + 3u);
}

TEST_F(EmbedLoopTest, AStepHoldsWhatTheBackendTakes) {
  submit({text_of(60), text_of(60), text_of(40), text_of(1)});
  run();
  ASSERT_EQ(embedder_.steps.size(), 3u);
  EXPECT_EQ(embedder_.steps[0].size(), 1u);
  EXPECT_EQ(embedder_.steps[1].size(), 2u) << "60 and 40 tokens fill it";
  EXPECT_EQ(embedder_.steps[2].size(), 1u);
}

TEST_F(EmbedLoopTest, ARequestOfManyTextsHoldsUpNoOther) {
  const auto many = submit(std::vector<Tokens>(50, text_of(20)));
  ASSERT_TRUE(loop_.step());
  const auto one = submit({text_of(20, 2)});
  ASSERT_TRUE(loop_.step());
  EXPECT_TRUE(one->finished());
  EXPECT_FALSE(many->finished());
  run();
}

TEST_F(EmbedLoopTest, TenantsShareByTokens) {
  submit(std::vector<Tokens>(40, text_of(20, 1)), {.tenant = "a"});
  submit(std::vector<Tokens>(40, text_of(20, 2)), {.tenant = "b"});
  submit(std::vector<Tokens>(40, text_of(20, 2)), {.tenant = "b"});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(loop_.step());
  std::map<engine::TokenId, int> n;
  for (const auto& step : embedder_.steps) {
    for (const Tokens& text : step) ++n[text.front()];
  }
  EXPECT_NEAR(n[1], n[2], 1) << "b has no more for having asked twice";
}

TEST_F(EmbedLoopTest, HigherPriorityGoesFirst) {
  submit(std::vector<Tokens>(3, text_of(50, 1)));
  submit(std::vector<Tokens>(2, text_of(50, 2)), {.priority = 5});
  ASSERT_TRUE(loop_.step());
  EXPECT_EQ(embedder_.steps[0], (std::vector<Tokens>{text_of(50, 2), text_of(50, 2)}));
}

TEST_F(EmbedLoopTest, TextsOfAnotherPoolingHaveAStepOfTheirOwn) {
  submit({text_of(5)}, {.pooling = engine::Pooling::mean});
  submit({text_of(5)}, {.pooling = engine::Pooling::rank});
  run();
  EXPECT_EQ(embedder_.poolings, (std::vector{engine::Pooling::mean, engine::Pooling::rank}));
}

TEST_F(EmbedLoopTest, BesideStreamsAStepTakesWhatTheTargetLeaves) {
  submit(std::vector<Tokens>(20, text_of(10)));
  ASSERT_TRUE(loop_.step());  // shows what a token costs
  Conductor::Seat streams(conductor_);
  streams.publish(0.03, 0.03, false);
  submit(std::vector<Tokens>(30, text_of(10)));
  run();
  for (std::size_t i = 1; i < embedder_.steps.size(); ++i) {
    EXPECT_LE(embedder_.steps[i].size(), 3u) << "10 ms each: 30 ms is what the streams' target leaves";
  }
  streams.publish(0.03, 0.03, true);
  const std::size_t before = embedder_.steps.size();
  submit(std::vector<Tokens>(6, text_of(10)));
  run();
  for (std::size_t i = before; i < embedder_.steps.size(); ++i)
    EXPECT_EQ(embedder_.steps[i].size(), 1u) << "half of it";
}

TEST_F(EmbedLoopTest, ATextThatIsLongerThanTheTargetIsComputedAllTheSame) {
  submit({text_of(10)});
  run();
  Conductor::Seat streams(conductor_);
  streams.publish(0.001, 0.001, true);
  const auto request = submit({text_of(60)});
  run();
  EXPECT_EQ(request->finish.load(), FinishReason::stop);
}

TEST_F(EmbedLoopTest, WhatNobodyWantsAnyMoreEnds) {
  const auto request = submit(std::vector<Tokens>(50, text_of(20)));
  ASSERT_TRUE(loop_.step());
  request->cancelled.store(true);
  EXPECT_FALSE(loop_.step());
  EXPECT_EQ(request->finish.load(), FinishReason::cancelled);
  const auto during = submit({text_of(20)});
  embedder_.during = [&] { during->cancelled.store(true); };
  run();
  EXPECT_EQ(during->finish.load(), FinishReason::cancelled) << "its rows may be anything";
}

TEST_F(EmbedLoopTest, LimitsOfTimeAreKept) {
  const auto first = submit(std::vector<Tokens>(20, text_of(50)));
  ASSERT_TRUE(loop_.step());
  const auto hopeless = submit({text_of(50)}, {.deadline = 1ms});
  const auto waits = submit(std::vector<Tokens>(4, text_of(50)), {.priority = -1, .max_queue = 150ms});
  const auto late = submit(std::vector<Tokens>(20, text_of(50)), {.deadline = 1500ms});
  run();
  EXPECT_EQ(hopeless->finish.load(), FinishReason::refused);
  EXPECT_TRUE(hopeless->refusal.starts_with("deadline_ms is 0.0 s, and 50 tokens take")) << hopeless->refusal;
  EXPECT_EQ(waits->finish.load(), FinishReason::timed_out);
  EXPECT_EQ(late->finish.load(), FinishReason::timed_out) << "it shared the time with the first";
  EXPECT_EQ(first->finish.load(), FinishReason::stop);
}

TEST_F(EmbedLoopTest, ABrokenVectorFailsItsRequestAlone) {
  const auto broken = submit({text_of(5), text_of(5, FakeEmbedder::kBroken), text_of(5)});
  const auto fine = submit({text_of(5)});
  run();
  EXPECT_EQ(broken->finish.load(), FinishReason::failed);
  EXPECT_EQ(fine->finish.load(), FinishReason::stop);
}

TEST_F(EmbedLoopTest, InAFullQueueTheNewestOfWhoeverHoldsMostGoes) {
  std::vector<std::shared_ptr<Generation>> greedy;
  for (int i = 0; i < 12; ++i) greedy.push_back(submit({text_of(5)}, {.tenant = "greedy"}));
  const auto other = submit({text_of(5)}, {.tenant = "other"});
  run();
  EXPECT_EQ(other->finish.load(), FinishReason::stop);
  EXPECT_EQ(greedy.back()->finish.load(), FinishReason::refused);
  EXPECT_EQ(greedy.front()->finish.load(), FinishReason::stop);
}

TEST_F(EmbedLoopTest, TheEndCancelsWhatIsLeft) {
  const auto running = submit(std::vector<Tokens>(50, text_of(20)));
  ASSERT_TRUE(loop_.step());
  const auto queued = submit({text_of(5)});
  loop_.shut_down();
  EXPECT_EQ(running->finish.load(), FinishReason::cancelled);
  EXPECT_EQ(queued->finish.load(), FinishReason::cancelled);
}

TEST_F(EmbedLoopTest, AnIdleEngineClaimsNothing) {
  const Conductor::Seat other(conductor_);
  submit(std::vector<Tokens>(20, text_of(50)));
  ASSERT_TRUE(loop_.step());
  EXPECT_EQ(other.others().n_claims, 1u);
  run();
  EXPECT_EQ(other.others().n_claims, 0u);
}

}  // namespace
}  // namespace quern::sched
