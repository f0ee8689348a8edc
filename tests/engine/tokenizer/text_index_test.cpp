#include "engine/tokenizer/text_index.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

TEST(TextIndex, FindsWhatWasInsertedThroughAllGrowth) {
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) texts.push_back("token " + std::to_string(i));
  TextIndex index;
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_TRUE(index.insert(texts[i], static_cast<std::uint32_t>(i)));
  EXPECT_EQ(index.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(index.find(texts[i]), i);
  EXPECT_EQ(index.find("token"), TextIndex::kAbsent);
  EXPECT_EQ(index.find(""), TextIndex::kAbsent);
}

TEST(TextIndex, TheFirstOfEqualTextsWins) {
  TextIndex index(2);
  EXPECT_TRUE(index.insert("same", 1));
  EXPECT_FALSE(index.insert("same", 2));
  EXPECT_EQ(index.find("same"), 1u);
}

TEST(TextIndex, BytesBeyondTheTextDoNotCount) {
  TextIndex index(2);
  index.insert(std::string_view("abc").substr(0, 2), 7);
  EXPECT_EQ(index.find("ab"), 7u);
  EXPECT_EQ(index.find("abc"), TextIndex::kAbsent);
}

}  // namespace

}  // namespace quern::engine
