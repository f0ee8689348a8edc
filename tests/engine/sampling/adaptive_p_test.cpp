#include "engine/sampling/adaptive_p.hpp"

#include "engine/sampling/sampler.hpp"
#include "tests/engine/sampling/stage_support.hpp"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

SamplingParams adaptive(float target, float decay = 0.9f) {
  SamplingParams params = test::stages_off();
  params.adaptive_target = target;
  params.adaptive_decay = decay;
  return params;
}

const std::vector<float> kLogits{std::log(0.6f), std::log(0.3f), std::log(0.1f)};

TEST(AdaptiveP, LogitsBecomeABellAroundTheTarget) {
  std::set<TokenId> seen;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    Sequence sequence(adaptive(0.3f), seed);
    Candidates candidates;
    candidates.assign(kLogits);
    const TokenId token = draw_adaptive(candidates, sequence);
    // Distances of 1, 0 and 2/3 widths: 5 - 10 d^2 / (1 + d). The mean begins at the target, so it is 0.3 itself.
    EXPECT_NEAR(candidates.logits()[0], 0.0f, 1e-4f);
    EXPECT_NEAR(candidates.logits()[1], 5.0f, 1e-4f);
    EXPECT_NEAR(candidates.logits()[2], 5.0f - 10.0f * (4.0f / 9.0f) / (5.0f / 3.0f), 1e-4f);
    const std::array chances{0.6, 0.3, 0.1};
    EXPECT_NEAR(sequence.adaptive.weighted_sum, chances.at(static_cast<std::size_t>(token)) + 0.9 * 3.0, 1e-5);
    EXPECT_NEAR(sequence.adaptive.total_weight, 10.0, 1e-5);
    seen.insert(token);
  }
  EXPECT_TRUE(seen.contains(1));
}

TEST(AdaptiveP, TheTargetMovesAgainstWhatWasDrawn) {
  Sequence sequence(adaptive(0.4f), 1);
  sequence.adaptive = {.weighted_sum = 6.0, .total_weight = 10.0};  // 0.6 on average: aim at 0.2
  Candidates candidates;
  candidates.assign(kLogits);
  draw_adaptive(candidates, sequence);
  const std::array distances{4.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0};
  for (std::size_t i = 0; i < 3; ++i) {
    const double d = distances.at(i);
    EXPECT_NEAR(static_cast<double>(candidates.logits()[i]), 5.0 - 10.0 * d * d / (1.0 + d), 1e-4) << i;
  }
}

TEST(AdaptiveP, TheTargetStaysAProbability) {
  Sequence sequence(adaptive(1.0f, 0.0f), 1);
  sequence.adaptive = {.weighted_sum = 0.0, .total_weight = 1.0};  // would be 2
  Candidates candidates;
  candidates.assign(std::vector{0.0f});
  EXPECT_EQ(draw_adaptive(candidates, sequence), 0);
  EXPECT_FLOAT_EQ(candidates.logits()[0], 5.0f);
}

TEST(AdaptiveP, NoCandidatesIsNoToken) {
  Sequence sequence(adaptive(0.5f), 1);
  Candidates candidates;
  candidates.assign(std::vector<float>{});
  EXPECT_EQ(draw_adaptive(candidates, sequence), kNoToken);
}

TEST(AdaptiveP, DrawsFromWhatTheOtherStagesLeave) {
  SamplingParams params = adaptive(0.5f);  // of 2/3 and 1/3 both are as far
  params.top_k = 2;
  Sampler sampler(params, 3, nullptr);
  std::set<TokenId> seen;
  for (int i = 0; i < 200; ++i) seen.insert(sampler.sample(kLogits).token);
  EXPECT_EQ(seen, (std::set<TokenId>{0, 1}));
  params.temperature = 0.0f;
  EXPECT_EQ(Sampler(params, 3, nullptr).sample(kLogits).token, 0) << "greedy stays greedy";
}

TEST(AdaptiveP, DrawsFromTheMiddleMoreOftenThanTheModelWould) {
  const std::vector<float> logits{std::log(0.7f), std::log(0.2f), std::log(0.1f)};
  SamplingParams params = adaptive(0.2f);
  params.has_seed = true;
  Sampler sampler(params, 3, nullptr);
  int n_middle = 0;
  for (int i = 0; i < 1000; ++i) n_middle += sampler.sample(logits).token == 1 ? 1 : 0;
  EXPECT_GT(n_middle, 350) << "the model's own share is a fifth";
}

}  // namespace
}  // namespace quern::engine::sampling
