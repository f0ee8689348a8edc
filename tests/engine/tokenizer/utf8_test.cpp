#include "engine/tokenizer/utf8.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

struct FrontCase {
  std::string_view text;
  std::uint8_t size;
  Utf8Kind kind;
};

TEST(Utf8, FrontFollowsTheStandardsTable) {
  const FrontCase cases[] = {
      {"a", 1, Utf8Kind::valid},
      {std::string_view("\0", 1), 1, Utf8Kind::valid},
      {"\xC3\xA9x", 2, Utf8Kind::valid},
      {"\xE2\x82\xAC", 3, Utf8Kind::valid},
      {"\xF0\x9F\x98\x80", 4, Utf8Kind::valid},
      {"\xF4\x8F\xBF\xBF", 4, Utf8Kind::valid},    // U+10FFFF
      {"\xEF\xBF\xBF", 3, Utf8Kind::valid},        // a noncharacter is a character
      {"\x80", 1, Utf8Kind::invalid},              // continuation alone
      {"\xC0\xAF", 1, Utf8Kind::invalid},          // overlong
      {"\xE0\x9F\xBF", 1, Utf8Kind::invalid},      // overlong
      {"\xF0\x8F\xBF\xBF", 1, Utf8Kind::invalid},  // overlong
      {"\xED\xA0\x80", 1, Utf8Kind::invalid},      // surrogate
      {"\xF4\x90\x80\x80", 1, Utf8Kind::invalid},  // above U+10FFFF
      {"\xFF", 1, Utf8Kind::invalid},
      {"\xE2\x82", 2, Utf8Kind::truncated},
      {"\xF0\x9F\x98", 3, Utf8Kind::truncated},
      {"\xE2", 1, Utf8Kind::truncated},
      {"\xE2\x82x", 2, Utf8Kind::invalid},  // the maximal subpart
      {"\xF0\x9F\x98x", 3, Utf8Kind::invalid},
  };
  for (const FrontCase& c : cases) {
    const Utf8Step step = utf8_front(c.text);
    EXPECT_EQ(step.size, c.size) << testing::PrintToString(c.text);
    EXPECT_EQ(step.kind, c.kind) << testing::PrintToString(c.text);
  }
}

TEST(Utf8, ValidityOfWholeTexts) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("only ASCII, longer than one word"));
  EXPECT_TRUE(is_valid_utf8("caf\xC3\xA9 \xF0\x9F\x98\x80 and more ASCII"));
  EXPECT_FALSE(is_valid_utf8("ASCII and then \xFF"));
  EXPECT_FALSE(is_valid_utf8("cut \xE2\x82"));
}

TEST(Utf8, EachInvalidByteIsReplaced) {
  EXPECT_EQ(replace_invalid_bytes("a\xE2\x82z"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(replace_invalid_bytes("\xC3\xA9\xFF"), "\xC3\xA9\xEF\xBF\xBD");
  EXPECT_EQ(replace_invalid_bytes("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace

}  // namespace quern::engine
