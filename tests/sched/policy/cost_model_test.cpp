#include "sched/policy/cost_model.hpp"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace quern::sched::policy {
namespace {

Duration seconds(double s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

// A machine, and the steps that a model is shown of it.
class CostModelTest : public testing::Test {
 protected:
  double truth(const StepShape& step) const {
    return slowness * (0.02 + 0.01 * step.n_decodes + 0.004 * step.decode_context + step.prefill_work / 200);
  }
  void show(const StepShape& step, double factor = 1) {
    const double took = truth(step) * factor;
    now += seconds(took);
    model.observe(step, seconds(took), now);
  }

  CostModel model{{}};
  double slowness = 1;
  TimePoint now{};
};

TEST_F(CostModelTest, KnowsNothingAtFirst) {
  EXPECT_FALSE(model.known());
  EXPECT_EQ(model.seconds({.n_decodes = 3}), 0);
  EXPECT_EQ(model.work_per_second(), 0);
  EXPECT_TRUE(std::isinf(model.work_within({.n_decodes = 3}, 0.1)));
}

TEST_F(CostModelTest, OneStepGivesTheScaleOfAll) {
  show({.n_decodes = 1});
  EXPECT_NEAR(model.seconds({.n_decodes = 1}), 0.03, 1e-9);
  EXPECT_GT(model.work_per_second(), 20);
  EXPECT_LT(model.work_per_second(), 2000);
  EXPECT_GT(model.seconds({.n_decodes = 32}), 3 * 0.03);
}

TEST_F(CostModelTest, LearnsAllFourTerms) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 0.05);
  for (int i = 0; i < 300; ++i) {
    StepShape step{.n_decodes = 1 + static_cast<std::uint32_t>(random() % 16)};
    step.decode_context = step.n_decodes * static_cast<double>(random() % 3);
    if (i % 2 == 1) step.prefill_work = 1 + static_cast<double>(random() % 40);
    show(step, std::exp(noise(random)));
  }
  const CostTerms found = model.terms();
  const double speed = model.speed();
  EXPECT_NEAR(speed * found.decode_row, 0.01, 0.002);
  EXPECT_NEAR(speed * found.prefill_work, 0.005, 0.001);
  EXPECT_NEAR(speed * found.decode_context, 0.004, 0.002);
  for (const StepShape& step : {StepShape{.n_decodes = 4}, StepShape{.n_decodes = 16, .prefill_work = 40}}) {
    EXPECT_NEAR(model.seconds(step) / truth(step), 1, 0.06);
  }
  const StepShape decodes{.n_decodes = 8};
  StepShape filled = decodes;
  filled.prefill_work = model.work_within(decodes, 0.2);
  EXPECT_NEAR(truth(filled), 0.2, 0.012);
  EXPECT_EQ(model.work_within(decodes, 0.01), 0) << "the decodes alone take longer";
}

// The decode part is learned from steps with prompts too, if their size varies.
TEST_F(CostModelTest, MixedStepsTellWhatDecodesCost) {
  for (int i = 0; i < 20; ++i) show({.n_decodes = 1});
  for (int i = 0; i < 60; ++i) show({.n_decodes = 32, .prefill_work = 4.0 + i % 5});
  EXPECT_NEAR(model.seconds({.n_decodes = 32}), 0.34, 0.03);
}

TEST_F(CostModelTest, FollowsAMachineThatGetsSlowerAndFaster) {
  const auto run = [&](int n_steps) {
    for (int i = 0; i < n_steps; ++i) show({.n_decodes = 8, .prefill_work = 5.0 + i % 7});
  };
  run(60);
  slowness = 2;
  run(6);
  EXPECT_NEAR(model.seconds({.n_decodes = 8, .prefill_work = 8}) / truth({.n_decodes = 8, .prefill_work = 8}), 1, 0.05);
  run(60);
  slowness = 1;
  run(6);
  EXPECT_NEAR(model.seconds({.n_decodes = 8, .prefill_work = 8}) / truth({.n_decodes = 8, .prefill_work = 8}), 1, 0.05);
}

TEST_F(CostModelTest, OneLateStepInTwentyMovesNothing) {
  for (int i = 0; i < 400; ++i) show({.n_decodes = 8, .prefill_work = 5.0 + i % 7}, i % 20 == 10 ? 5 : 1);
  EXPECT_NEAR(model.seconds({.n_decodes = 8}) / truth({.n_decodes = 8}), 1, 0.05);
  EXPECT_LT(model.spread(), 1.1);
}

TEST_F(CostModelTest, SpreadIsHowFarAStepInAHundredIsOut) {
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0, 0.1);
  for (int i = 0; i < 200; ++i) show({.n_decodes = 8, .prefill_work = 5.0 + i % 7}, std::exp(noise(random)));
  EXPECT_GT(model.spread(), std::exp(2.33 * 0.1) - 0.1);
  EXPECT_LT(model.spread(), std::exp(2.33 * 0.1) + 0.2);
}

TEST_F(CostModelTest, AStepWithoutPromptsIsWantedNowAndThen) {
  show({.n_decodes = 8});
  for (std::uint32_t i = 0; i < CostModel::kPureEvery; ++i) {
    EXPECT_FALSE(model.wants_pure_step(8)) << i;
    EXPECT_EQ(model.wants_pure_step(16), i >= CostModel::kPureEverySoon) << "twice the load: sooner";
    show({.n_decodes = 8, .prefill_work = 5});
  }
  EXPECT_TRUE(model.wants_pure_step(8));
  show({.n_decodes = 8});
  EXPECT_FALSE(model.wants_pure_step(8));
}

TEST(CostModelTokens, TokensForInvertsTheWork) {
  for (const double per_token : {0.0, 0.0005, 0.01}) {
    for (const std::uint32_t window : {0u, 64u, 4096u}) {
      engine::ContextCost context;
      context.add(per_token, 0);
      context.add(per_token, window);
      const CostModel model(context);
      for (const std::uint32_t before : {0u, 60u, 100u, 8000u}) {
        for (const std::uint32_t n : {1u, 7u, 64u, 512u}) {
          const double work = model.prefill_work(n, before);
          EXPECT_EQ(model.tokens_for(work * 1.0001, before), n);
          EXPECT_EQ(model.tokens_for(work * 0.9999, before), n - 1);
        }
      }
    }
  }
  EXPECT_GE(CostModel({}).tokens_for(INFINITY, 0), 1u << 30);
  EXPECT_EQ(CostModel({}).tokens_for(NAN, 0), 0u);
}

TEST(ContextCost, LayersWithAWindowSeeNoMore) {
  engine::ContextCost cost;
  cost.add(1, 0);
  cost.add(1, 10);
  cost.add(2, 10);
  EXPECT_EQ(cost.terms.size(), 2u);
  EXPECT_EQ(cost.at(5), 5 + 15);
  EXPECT_EQ(cost.at(100), 100 + 30);
  for (const std::uint32_t before : {0u, 3u, 9u, 10u, 50u}) {
    double sum = 0;
    for (std::uint32_t i = 0; i < 20; ++i) sum += cost.at(before + i);
    EXPECT_DOUBLE_EQ(cost.of_range(before, 20), sum) << before;
  }
}

}  // namespace
}  // namespace quern::sched::policy
