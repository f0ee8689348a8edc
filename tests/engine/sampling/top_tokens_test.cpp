#include "engine/sampling/top_tokens.hpp"

#include "engine/sampling/sampler.hpp"
#include "tests/engine/sampling/stage_support.hpp"

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(TopTokens, AreTheBestOfTheUntouchedLogits) {
  const std::vector<float> logits = test::random_logits(4000, 3, 0.25f);  // with ties
  const std::vector<double> p = test::softmax(logits);
  const std::vector<TokenId> ids = test::ranking(logits);
  SamplingParams params;
  params.temperature = 0.2f;
  params.top_k = 2;
  Sampler sampler(params, 4000, nullptr);
  for (const std::size_t n : {1u, 5u, 20u, 500u}) {
    const Drawn drawn = sampler.sample(logits, LogprobWish{.wanted = true, .n_top = n});
    ASSERT_TRUE(drawn.top);
    ASSERT_EQ(drawn.top->size(), std::min(n, kTopTokensMax));
    for (std::size_t i = 0; i < drawn.top->size(); ++i) {
      EXPECT_EQ((*drawn.top)[i].token, ids[i]) << i;
      EXPECT_NEAR(static_cast<double>((*drawn.top)[i].logprob), std::log(p[static_cast<std::size_t>(ids[i])]), 5e-6);
    }
    EXPECT_NEAR(static_cast<double>(drawn.logprob), std::log(p[static_cast<std::size_t>(drawn.token)]), 5e-6);
  }
}

TEST(TopTokens, AfterTheStagesTheyAreWhatIsLeft) {
  const std::vector<float> logits{0.0f, 1.0f, 3.0f, 2.0f};
  SamplingParams params = test::stages_off();
  params.temperature = 0.5f;
  params.top_k = 2;
  Sampler sampler(params, 4, nullptr);
  const Drawn drawn = sampler.sample(logits, LogprobWish{.wanted = true, .n_top = 4, .after_stages = true});
  ASSERT_TRUE(drawn.top);
  ASSERT_EQ(drawn.top->size(), 2u);
  const double p = 1.0 / (1.0 + std::exp(-2.0));  // logits 6 and 4
  EXPECT_EQ((*drawn.top)[0].token, 2);
  EXPECT_NEAR(static_cast<double>((*drawn.top)[0].logprob), std::log(p), 1e-6);
  EXPECT_EQ((*drawn.top)[1].token, 3);
  EXPECT_NEAR(static_cast<double>((*drawn.top)[1].logprob), std::log(1.0 - p), 1e-6);
  EXPECT_NEAR(static_cast<double>(drawn.logprob), std::log(drawn.token == 2 ? p : 1.0 - p), 1e-6);
}

TEST(TopTokens, GreedyDecodingLeavesOne) {
  SamplingParams params;
  params.temperature = 0.0f;
  for (const float bias : {0.0f, 0.5f}) {
    params.logit_bias.clear();
    if (bias != 0.0f) params.logit_bias = {{1, bias}};
    const Drawn drawn =
        Sampler(params, 3, nullptr)
            .sample(std::vector{0.0f, 2.0f, 1.0f}, LogprobWish{.wanted = true, .n_top = 3, .after_stages = true});
    EXPECT_EQ(drawn.token, 1);
    EXPECT_EQ(drawn.logprob, 0.0f);
    ASSERT_EQ(drawn.top->size(), 1u);
    EXPECT_EQ(drawn.top->front().token, 1);
  }
}

TEST(TopTokens, WhatCannotBeDrawnIsNotListed) {
  const std::vector<float> logits{-kInfinity, 1.0f, std::numeric_limits<float>::quiet_NaN(), 0.0f};
  const Drawn drawn = Sampler(test::stages_off(), 4, nullptr).sample(logits, LogprobWish{.wanted = true, .n_top = 20});
  ASSERT_EQ(drawn.top->size(), 2u);
  EXPECT_EQ((*drawn.top)[0].token, 1);
  EXPECT_EQ((*drawn.top)[1].token, 3);
}

TEST(TopTokens, OnlyWhenAskedFor) {
  Sampler sampler(test::stages_off(), 3, nullptr);
  const std::vector<float> logits{0.0f, 1.0f, 2.0f};
  EXPECT_FALSE(sampler.sample(logits).top);
  EXPECT_FALSE(sampler.sample(logits, true).top);
  EXPECT_FALSE(sampler.sample(logits, LogprobWish{.n_top = 3}).top) << "n_top alone is no wish";
}

TEST(TopTokens, AskingChangesNoToken) {
  const std::vector<float> logits = test::random_logits(1000, 8);
  SamplingParams params;
  params.has_seed = true;
  params.seed = 5;
  for (const float target : {-1.0f, 0.3f}) {
    params.adaptive_target = target;
    Sampler plain(params, 1000, nullptr), asked(params, 1000, nullptr);
    for (int i = 0; i < 100; ++i) {
      const LogprobWish wish{.wanted = true, .n_top = 20, .after_stages = i % 2 == 0};
      ASSERT_EQ(asked.sample(logits, wish).token, plain.sample(logits).token) << i;
    }
  }
}

}  // namespace
}  // namespace quern::engine::sampling
