#include "tests/engine/sampling/stage_support.hpp"

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

using test::Left;
using test::run_stage;
using test::stages_off;

const std::vector<float> kLogits{2.0f, -2.0f, 0.0f, 1.0f};

TEST(Penalties, RepetitionLowersEitherSign) {
  SamplingParams params = stages_off();
  params.repeat_penalty = 2.0f;
  const std::vector<TokenId> history{0, 1, 1, 2};
  EXPECT_EQ(run_stage(Stage::penalties, params, kLogits, history), (Left{{0, 1.0f}, {1, -4.0f}, {2, 0.0f}, {3, 1.0f}}));
}

TEST(Penalties, FrequencyCountsAndPresenceDoesNot) {
  SamplingParams params = stages_off();
  params.frequency_penalty = 0.5f;
  params.presence_penalty = 0.25f;
  const std::vector<TokenId> history{0, 1, 1, 1};
  EXPECT_EQ(run_stage(Stage::penalties, params, kLogits, history),
            (Left{{0, 1.25f}, {1, -3.75f}, {2, 0.0f}, {3, 1.0f}}));
}

TEST(Penalties, RepetitionLooksAtItsWindowOnly) {
  SamplingParams params = stages_off();
  params.repeat_penalty = 2.0f;
  const std::vector<TokenId> history{0, 1, 3, 3};
  params.repeat_last_n = 3;
  EXPECT_EQ(run_stage(Stage::penalties, params, kLogits, history), (Left{{0, 2.0f}, {1, -4.0f}, {2, 0.0f}, {3, 0.5f}}));
  params.repeat_last_n = -1;
  EXPECT_EQ(run_stage(Stage::penalties, params, kLogits, history), (Left{{0, 1.0f}, {1, -4.0f}, {2, 0.0f}, {3, 0.5f}}));
  params.repeat_last_n = 0;
  EXPECT_EQ(run_stage(Stage::penalties, params, kLogits, history), (Left{{0, 2.0f}, {1, -2.0f}, {2, 0.0f}, {3, 1.0f}}));
}

// mu[j] - c[j] * alpha_frequency - float(c[j] > 0) * alpha_presence, c: how often it was sampled before.
TEST(Penalties, FrequencyAndPresenceSeeTheWholeCompletionAndNoPrompt) {
  for (const std::int32_t window : {-1, 0, 1, 64}) {
    SamplingParams params = stages_off();
    params.frequency_penalty = 0.5f;
    params.presence_penalty = 0.25f;
    params.repeat_last_n = window;
    Sequence sequence(params);
    sequence.history.accept_prompt(std::vector<TokenId>{0, 1, 1, 3});
    for (int i = 0; i < 100; ++i) sequence.history.accept(i == 0 ? 0 : 2);
    Candidates c;
    c.assign(kLogits);
    apply_stage(Stage::penalties, c, sequence);
    EXPECT_EQ(test::left_of(c), (Left{{0, 1.25f}, {1, -2.0f}, {2, -49.75f}, {3, 1.0f}})) << "window " << window;
  }
}

TEST(Penalties, EachHasItsOwnTokens) {
  SamplingParams params = stages_off();
  params.repeat_penalty = 2.0f;
  params.repeat_last_n = 3;
  params.presence_penalty = 1.0f;
  Sequence sequence(params);
  sequence.history.accept_prompt(std::vector<TokenId>{2, 3, 0});
  for (const TokenId token : {0, 1}) sequence.history.accept(token);
  Candidates c;
  c.assign(kLogits);
  apply_stage(Stage::penalties, c, sequence);
  EXPECT_EQ(test::left_of(c), (Left{{0, 0.0f}, {1, -5.0f}, {2, 0.0f}, {3, 1.0f}})) << "scaled first, then lowered";
}

TEST(Penalties, WorkOnAListToo) {  // after a stage that dropped candidates, here in the order a request chose
  SamplingParams params = stages_off();
  params.presence_penalty = 1.0f;
  params.top_k = 2;
  Sequence sequence(params);
  for (const TokenId token : {0, 1, 2}) sequence.history.accept(token);
  Candidates c;
  c.assign(kLogits);
  apply_stage(Stage::top_k, c, sequence);
  apply_stage(Stage::penalties, c, sequence);
  EXPECT_EQ(test::left_of(c), (Left{{0, 1.0f}, {3, 1.0f}}));
}

TEST(LogitBias, AddsUpAndBans) {
  SamplingParams params = stages_off();
  params.logit_bias = {{0, 1.0f}, {0, 0.5f}, {3, -std::numeric_limits<float>::infinity()}};
  EXPECT_EQ(run_stage(Stage::logit_bias, params, kLogits), (Left{{0, 3.5f}, {1, -2.0f}, {2, 0.0f}}));
}

}  // namespace
}  // namespace quern::engine::sampling
