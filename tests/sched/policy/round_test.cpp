#include "sched/policy/round.hpp"

#include <gtest/gtest.h>

namespace quern::sched::policy {
namespace {

TEST(Round, AloneAnEngineHasTheWholeTarget) {
  EXPECT_DOUBLE_EQ(step_of_round(0.2, 0.1, {}), 0.2);
}

TEST(Round, WhatOthersStreamsTakeIsTheirs) {
  EXPECT_DOUBLE_EQ(step_of_round(0.4, 0.1, {.decodes_s = 0.1}), 0.3);
  EXPECT_DOUBLE_EQ(step_of_round(0.2, 0, {.decodes_s = 0.1}), 0.1) << "texts beside the streams of another";
}

TEST(Round, TheRestIsDividedEvenly) {
  EXPECT_DOUBLE_EQ(step_of_round(0.2, 0.1, {.n_claims = 1}), 0.15);
  EXPECT_DOUBLE_EQ(step_of_round(0.4, 0, {.decodes_s = 0.1, .n_claims = 2}), 0.1);
}

TEST(Round, ATargetBelowWhatStreamsTakeLeavesNothing) {
  EXPECT_DOUBLE_EQ(step_of_round(0.15, 0.1, {.decodes_s = 0.1}), 0.1);
}

}  // namespace
}  // namespace quern::sched::policy
