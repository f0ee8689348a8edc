#include "sched/policy/pace.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace quern::sched::policy {
namespace {

constexpr double kDecodes = 0.1;

TEST(Pace, AYoungPromptKeepsTheFactorInNinetyNineOfAHundredSteps) {
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1.0, 0), 0.2);
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1.25, 0), 0.16) << "a machine whose steps vary";
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 9, 0), 0.125) << "prompts never get less than a fifth";
  EXPECT_DOUBLE_EQ(step_target({.target_s = 0.15}, kDecodes, 1.25, 0), 0.15) << "as the operator says";
  EXPECT_DOUBLE_EQ(step_target({.factor = 1.1, .factor_max = 1.1}, kDecodes, 1.0, 0), 0.11);
}

TEST(Pace, ThePartOfAStepGrowsEvenlyWithAge) {
  const PaceLimits limits;  // 2 to 4 within 120 s
  EXPECT_DOUBLE_EQ(step_target(limits, kDecodes, 1, 40), 0.2);
  EXPECT_DOUBLE_EQ(step_target(limits, kDecodes, 1, 80), 0.1 / (1 - 0.625));
  EXPECT_DOUBLE_EQ(step_target(limits, kDecodes, 1, 120), 0.4);
  EXPECT_DOUBLE_EQ(step_target(limits, kDecodes, 1, 1e6), 0.4);
  EXPECT_DOUBLE_EQ(step_target({.factor_max = 2}, kDecodes, 1, 1e6), 0.2) << "off";
  EXPECT_DOUBLE_EQ(step_target({.target_s = 0.05}, kDecodes, 1, 1e6), 0.4) << "nobody waits for ever";
  for (double age = 0, before = 0; age < 150; age += 1) {
    const double target = step_target(limits, kDecodes, 1.1, age);
    EXPECT_GE(target, before);
    before = target;
  }
}

TEST(Pace, StreamsBindThePromptsOfTheirOwnTenant) {
  const std::vector<StrictStream> streams{{.tenant = 1, .max_itl_s = 0.15}};
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1, 0, 1, streams), 0.15);
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1, 1e6, 1, streams), 0.15) << "whatever a prompt's age";
  const std::vector<StrictStream> strictest{{.tenant = 1, .max_itl_s = 0.001}};
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1, 0, 1, strictest), 0.1 / 0.9) << "down to a tenth of a step";
  EXPECT_DOUBLE_EQ(step_target({.floor_s = 0.14}, kDecodes, 1, 0, 1, strictest), 0.14);
  const std::vector<StrictStream> patient{{.tenant = 1, .max_itl_s = 10}};
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1, 0, 1, patient), 0.2);
}

TEST(Pace, OthersPromptsLoseATenthAtMost) {
  const std::vector<StrictStream> streams{{.tenant = 1, .max_itl_s = 0.001}};
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1, 0, 2, streams), 0.19);
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1, 1e6, 2, streams), 0.19) << "what is beyond is the stream's to refuse";
  const std::vector<StrictStream> mild{{.tenant = 1, .max_itl_s = 0.25}};
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1, 0, 2, mild), 0.2);
  EXPECT_DOUBLE_EQ(step_target({}, kDecodes, 1, 1e6, 2, mild), 0.25);
}

}  // namespace
}  // namespace quern::sched::policy
