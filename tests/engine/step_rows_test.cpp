#include "engine/step_rows.hpp"

#include <gtest/gtest.h>

namespace quern::engine {
namespace {

// Two decoding sequences, then prefill chunks of 3 and 2 tokens; logits for both decodes and the end of the last chunk.
struct Fixture {
  std::atomic<bool> gone[4]{};
  StepPlan plan;
  Fixture() {
    plan.clear();
    plan.token = {1, 2, 3, 4, 5, 6, 7};
    plan.position = {9, 4, 0, 1, 2, 30, 31};
    plan.kv_slot = {9, 20, 32, 33, 34, 46, 47};
    plan.seq_begin = {0, 1, 2, 5, 7};
    plan.page_table = {0, 1, 2, 3};
    plan.pages_max = 1;
    plan.logits_tokens = {0, 1, 6};
    for (auto& flag : gone) plan.cancelled.push_back(&flag);
    plan.n_decode_seqs = 2;
  }
};

TEST(StepRows, BeginsAsThePlan) {
  Fixture f;
  StepRows rows({});
  rows.begin(f.plan);
  EXPECT_EQ(rows.n_rows(), 7u);
  EXPECT_EQ(rows.n_decode_rows(), 2u);
  ASSERT_EQ(rows.seqs().size(), 4u);
  EXPECT_EQ(rows.seqs()[3].first_position, 30u);
  EXPECT_EQ(rows.items().size(), 4u);
  EXPECT_FALSE(rows.any_cancelled());
  EXPECT_FALSE(rows.select_live());
}

TEST(StepRows, DropsCancelledSequences) {
  Fixture f;
  StepRows rows({});
  rows.begin(f.plan);
  f.gone[0] = true;
  f.gone[2] = true;
  ASSERT_TRUE(rows.any_cancelled());
  ASSERT_TRUE(rows.select_live());
  EXPECT_EQ((std::vector<std::uint32_t>(rows.kept().begin(), rows.kept().end())),
            (std::vector<std::uint32_t>{1, 5, 6}));
  rows.compact();
  EXPECT_EQ(rows.n_rows(), 3u);
  EXPECT_EQ(rows.n_decode_rows(), 1u);
  ASSERT_EQ(rows.seqs().size(), 2u);
  EXPECT_EQ(rows.seqs()[1].begin, 1u);
  EXPECT_EQ(rows.seqs()[1].first_position, 30u);
  EXPECT_EQ(*rows.seqs()[1].pages, 3u);
  EXPECT_EQ(rows.kv_slots()[2], 47u);
  EXPECT_EQ(rows.logits_slots()[0], 1u);  // its place in the caller's logits is unchanged
}

TEST(StepRows, KeepsOnlyRowsThatNeedLogits) {
  Fixture f;
  StepRows rows({});
  rows.begin(f.plan);
  ASSERT_TRUE(rows.select_logits());
  rows.compact();
  EXPECT_EQ(rows.n_rows(), 3u);
  EXPECT_EQ(rows.n_decode_rows(), 2u);
  EXPECT_EQ(rows.positions()[2], 31u);
  EXPECT_EQ(rows.logits_slots()[2], 2u);
  EXPECT_EQ(rows.seqs().size(), 3u);
}

TEST(StepRows, AllCancelledLeavesNothing) {
  Fixture f;
  StepRows rows({});
  rows.begin(f.plan);
  for (auto& flag : f.gone) flag = true;
  ASSERT_TRUE(rows.select_live());
  rows.compact();
  EXPECT_EQ(rows.n_rows(), 0u);
  EXPECT_EQ(rows.n_decode_rows(), 0u);
  EXPECT_TRUE(rows.items().empty());
}

TEST(StepRows, LongChunksAreCutIntoAttentionItems) {
  StepPlan plan;
  plan.clear();
  for (std::int32_t i = 0; i < 70; ++i) {
    plan.token.push_back(1);
    plan.position.push_back(i);
    plan.kv_slot.push_back(static_cast<std::uint32_t>(i));
  }
  plan.seq_begin = {0, 70};
  plan.page_table = {0};
  plan.pages_max = 1;
  plan.cancelled = {nullptr};
  StepRows rows({});
  rows.begin(plan);
  ASSERT_EQ(rows.items().size(), 3u);
  EXPECT_EQ(rows.items()[2].begin, 64u);
  EXPECT_EQ(rows.items()[2].end, 70u);
}

}  // namespace
}  // namespace quern::engine
