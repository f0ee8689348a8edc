#include "engine/sampling/token_score.hpp"

#include "tests/engine/sampling/stage_support.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

TEST(TokenScore, IsOfThePlainSoftmax) {
  const std::vector<float> logits = test::random_logits(4000, 7, 0.25f);  // with ties
  const std::vector<double> p = test::softmax(logits);
  const std::vector<TokenId> ids = test::ranking(logits);
  for (const std::size_t place : {0u, 1u, 17u, 3999u}) {
    const TokenId token = ids[place];
    const TokenScore score = score_of(logits, token, 5);
    EXPECT_NEAR(static_cast<double>(score.logprob), std::log(p[static_cast<std::size_t>(token)]), 5e-6);
    std::uint32_t n_better = 0;
    for (const float logit : logits) n_better += logit > logits[static_cast<std::size_t>(token)];
    EXPECT_EQ(score.rank, n_better + 1);
    ASSERT_EQ(score.top.size(), 5u);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(score.top[i].token, ids[i]);
  }
  EXPECT_TRUE(score_of(logits, 0, 0).top.empty());
}

TEST(TokenScore, WhatCannotComeHasNoChance) {
  constexpr float infinite = std::numeric_limits<float>::infinity();
  const std::vector<float> logits{1.0f, -infinite, 2.0f};
  const TokenScore score = score_of(logits, 1, 3);
  EXPECT_EQ(score.logprob, -infinite);
  EXPECT_EQ(score.rank, 3u);
  EXPECT_EQ(score.top.size(), 2u) << "tokens that cannot be drawn are not listed";
}

}  // namespace
}  // namespace quern::engine::sampling
