#include "engine/sampling/chain.hpp"

#include <set>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

TEST(Chain, EveryStageHasANameAndFindsItself) {
  std::set<std::string> names;
  for (const StageRow& row : stage_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(&stage_row(row.stage), &row);
    const Result<Stage> found = stage_from_name(row.name);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, row.stage);
  }
  EXPECT_EQ(names.size(), SamplingParams().order.size()) << "the default order has every stage";
}

TEST(Chain, KnowsTheNamesOfOtherServers) {
  EXPECT_EQ(*stage_from_name("typ_p"), Stage::typical);
  EXPECT_EQ(*stage_from_name("temp"), Stage::temperature);
  const Result<Stage> unknown = stage_from_name("mirostat");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().detail.find("\"mirostat\", expected one of logit_bias, penalties, dry"), std::string::npos)
      << unknown.error().detail;
}

TEST(Chain, DefaultsThatAreOff) {
  const SamplingParams defaults;
  for (const Stage stage :
       {Stage::logit_bias, Stage::penalties, Stage::dry, Stage::top_n_sigma, Stage::typical, Stage::xtc})
    EXPECT_FALSE(stage_row(stage).active(defaults)) << stage_row(stage).name;
  for (const Stage stage : {Stage::top_k, Stage::top_p, Stage::min_p, Stage::temperature})
    EXPECT_TRUE(stage_row(stage).active(defaults)) << stage_row(stage).name;
}

}  // namespace
}  // namespace quern::engine::sampling
