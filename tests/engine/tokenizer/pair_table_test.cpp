#include "engine/tokenizer/pair_table.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

TEST(PairTable, FindsWhatWasInsertedThroughAllGrowth) {
  PairTable table;
  for (std::uint32_t i = 0; i < 3000; ++i) EXPECT_TRUE(table.insert(i % 50, i, {i, i + 1}));
  EXPECT_EQ(table.size(), 3000u);
  for (std::uint32_t i = 0; i < 3000; ++i) {
    EXPECT_EQ(table.find(i % 50, i).rank, i);
    EXPECT_EQ(table.find(i % 50, i).id, i + 1);
  }
}

TEST(PairTable, OrderOfThePairMatters) {
  PairTable table(1);
  table.insert(1, 2, {0, 9});
  EXPECT_EQ(table.find(1, 2).id, 9u);
  EXPECT_EQ(table.find(2, 1).id, PairTable::kAbsent);
}

TEST(PairTable, TheFirstOfEqualPairsWins) {
  PairTable table(2);
  EXPECT_TRUE(table.insert(1, 2, {0, 9}));
  EXPECT_FALSE(table.insert(1, 2, {1, 8}));
  EXPECT_EQ(table.find(1, 2).rank, 0u);
}

TEST(PairTable, AbsentIdsAreNoPair) {  // how a byte without a symbol is looked up
  PairTable table(1);
  table.insert(0, 0, {0, 1});
  EXPECT_EQ(table.find(PairTable::kAbsent, PairTable::kAbsent).id, PairTable::kAbsent);
}

}  // namespace

}  // namespace quern::engine
