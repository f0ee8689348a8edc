#include "sched/policy/round.hpp"

#include <gtest/gtest.h>

namespace quern::sched::policy {
namespace {

TEST(Round, AloneAnEngineHasTheWholeTarget) {
  EXPECT_DOUBLE_EQ(step_of_round(0.2, 0.1, 1, {}), 0.2);
  EXPECT_DOUBLE_EQ(step_of_round(0.2, 0.1, 1.3, {}), 0.2) << "the target is its own already";
}

TEST(Round, WhatOthersStreamsTakeIsTheirs) {
  EXPECT_DOUBLE_EQ(step_of_round(0.4, 0.1, 1, {.decodes_s = 0.1, .slow_s = 0.1}), 0.3);
  EXPECT_DOUBLE_EQ(step_of_round(0.2, 0, 1, {.decodes_s = 0.1, .slow_s = 0.1}), 0.1) << "texts beside streams";
}

// Texts beside streams that take 0.1, at times 0.13: a gap of 0.13 and what is left stays within 0.2.
TEST(Round, StreamsWhoseStepsVaryLeaveLess) {
  EXPECT_DOUBLE_EQ(step_of_round(0.2, 0, 1, {.decodes_s = 0.1, .slow_s = 0.13}), 0.07);
  const double spread = 1.25;
  const double text = step_of_round(0.2 / spread, 0, spread, {.decodes_s = 0.1, .slow_s = 0.13});
  EXPECT_DOUBLE_EQ(text * spread + 0.13, 0.2) << "also where both are slow";
}

TEST(Round, TheRestIsDividedEvenly) {
  EXPECT_DOUBLE_EQ(step_of_round(0.2, 0.1, 1, {.n_claims = 1}), 0.15);
  EXPECT_DOUBLE_EQ(step_of_round(0.4, 0, 1, {.decodes_s = 0.1, .slow_s = 0.1, .n_claims = 2}), 0.1);
}

TEST(Round, ATargetBelowWhatStreamsTakeLeavesNothing) {
  EXPECT_DOUBLE_EQ(step_of_round(0.15, 0.1, 1, {.decodes_s = 0.1, .slow_s = 0.1}), 0.1);
}

}  // namespace
}  // namespace quern::sched::policy
