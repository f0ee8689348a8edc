#include "tests/engine/sampling/stage_support.hpp"

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

using test::Left;
using test::run_stage;
using test::stages_off;

constexpr float kHuge = std::numeric_limits<float>::max();

TEST(Temperature, DividesLogits) {
  SamplingParams params = stages_off();
  params.temperature = 0.5f;
  EXPECT_EQ(run_stage(Stage::temperature, params, std::vector{1.0f, -3.0f}), (Left{{0, 2.0f}, {1, -6.0f}}));
}

TEST(Temperature, ZeroKeepsTheFirstOfTheBest) {
  SamplingParams params = stages_off();
  params.temperature = 0.0f;
  EXPECT_EQ(run_stage(Stage::temperature, params, std::vector{1.0f, 4.0f, 4.0f}), (Left{{1, 4.0f}}));
}

TEST(Temperature, OverflowIsTheLimitOfSmallTemperatures) {
  SamplingParams params = stages_off();
  params.temperature = 1e-38f;
  EXPECT_EQ(run_stage(Stage::temperature, params, std::vector{9.0f, 10.0f, -1.0f}), (Left{{1, 10.0f}}));
  EXPECT_EQ(run_stage(Stage::temperature, params, std::vector{-9.0f, -10.0f}), (Left{{0, -9.0f}}));
  // The best quotient is finite, another one is not: it stays, with a weight of nothing.
  EXPECT_EQ(run_stage(Stage::temperature, params, std::vector{1.0f, -10.0f}), (Left{{0, 1.0f / 1e-38f}, {1, -kHuge}}));
}

TEST(Temperature, DynamicRangeFollowsTheEntropy) {
  SamplingParams params = stages_off();
  params.temperature = 1.0f;
  params.dynatemp_range = 0.5f;
  // No certainty at all: entropy is at its maximum, temperature at the upper end.
  for (const auto& [id, logit] : run_stage(Stage::temperature, params, std::vector<float>(8, 3.0f)))
    EXPECT_FLOAT_EQ(logit, 3.0f / 1.5f) << id;
  // Full certainty: the lower end.
  const Left sure = run_stage(Stage::temperature, params, std::vector{60.0f, 0.0f, 1.0f});
  EXPECT_FLOAT_EQ(sure.at(0), 60.0f / 0.5f);
  // One candidate has no entropy to speak of and stays as it is.
  EXPECT_EQ(run_stage(Stage::temperature, params, std::vector{2.0f}), (Left{{0, 2.0f}}));
  // The range reaches below zero: certainty then means greedy.
  params.dynatemp_range = 2.0f;
  EXPECT_EQ(run_stage(Stage::temperature, params, std::vector{200.0f, 0.0f}), (Left{{0, 200.0f}}));
}

}  // namespace
}  // namespace quern::engine::sampling
