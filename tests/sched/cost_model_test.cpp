#include "sched/cost_model.hpp"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

Duration seconds(double s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

// A machine: 20 ms and 1 ms for each decode row, 200 tokens of prompt in a second.
double truth(const StepShape& step) {
  return (step.n_decodes > 0 ? 0.02 + 0.001 * step.n_decodes : 0) + step.prefill_work / 200;
}

TEST(CostModel, KnowsNothingAtFirst) {
  const CostModel model(8, 0);
  EXPECT_EQ(model.decode_seconds(3), 0);
  EXPECT_TRUE(std::isinf(model.work_within(3, 0.1)));
}

TEST(CostModel, LearnsStepsAndKeepsTheTarget) {
  CostModel model(8, 0.001);
  std::mt19937 random(1);
  std::uniform_real_distribution<double> noise(0.9, 1.1);
  for (int i = 0; i < 300; ++i) {
    StepShape step{.n_decodes = 1 + static_cast<std::uint32_t>(random() % 8)};
    if (i % 2 == 1) step.prefill_work = model.prefill_work(8, static_cast<std::uint32_t>(random() % 500));
    model.observe(step, seconds(truth(step) * noise(random)));
  }
  EXPECT_NEAR(model.decode_seconds(8), 0.028, 0.003);
  EXPECT_NEAR(model.work_per_second(), 200, 30);
  const double work = model.work_within(4, 0.048);
  EXPECT_NEAR(truth({.n_decodes = 4, .prefill_work = work}), 0.048, 0.006);
  EXPECT_EQ(model.work_within(4, 0.01), 0) << "the decodes alone take longer";
}

TEST(CostModel, NeighboursStandInForWhatWasNeverSeen) {
  CostModel model(16, 0);
  model.observe({.n_decodes = 2}, seconds(0.02));
  EXPECT_DOUBLE_EQ(model.decode_seconds(1), 0.02);
  EXPECT_DOUBLE_EQ(model.decode_seconds(9), 0.02);
  model.observe({.n_decodes = 10}, seconds(0.1));
  EXPECT_NEAR(model.decode_seconds(6), 0.06, 1e-9);
}

TEST(CostModel, OneLateStepMovesTheAverageByAFifthAtMost) {
  CostModel model(4, 0);
  model.observe({.n_decodes = 1}, seconds(0.01));
  model.observe({.n_decodes = 1}, seconds(5));
  EXPECT_LE(model.decode_seconds(1), 0.0121);
}

TEST(CostModel, TokensForInvertsTheWork) {
  for (const double context_cost : {0.0, 0.0005, 0.01}) {
    const CostModel model(4, context_cost);
    for (const std::uint32_t before : {0u, 100u, 8000u}) {
      for (const std::uint32_t n : {1u, 7u, 64u, 512u}) {
        const double work = model.prefill_work(n, before);
        EXPECT_EQ(model.tokens_for(work * 1.0001, before), n);
        EXPECT_EQ(model.tokens_for(work * 0.9999, before), n - 1);
      }
    }
  }
  EXPECT_EQ(CostModel(4, 0).tokens_for(INFINITY, 0), UINT32_MAX);
}

}  // namespace
}  // namespace quern::sched
