#include "engine/tokenizer/wordpiece_words.hpp"

#include <gtest/gtest.h>

namespace quern::engine {
namespace {

using Words = std::vector<std::string>;

TEST(SplitWords, BlanksPartAndPunctuationStandsAlone) {
  EXPECT_EQ(split_words("", {}), Words{});
  EXPECT_EQ(split_words(" \t\n\xC2\xA0\xE3\x80\x80", {}), Words{});
  EXPECT_EQ(split_words("Hello, world!", {}), (Words{"hello", ",", "world", "!"}));
  EXPECT_EQ(split_words("a$b+c", {}), (Words{"a", "$", "b", "+", "c"}));  // ASCII symbols count as punctuation
  EXPECT_EQ(split_words("a\u20ACb", {}), (Words{"a\u20ACb"}));            // others do not
}

TEST(SplitWords, IdeographsStandAlone) {
  EXPECT_EQ(split_words("ab\u4E16\u754Ccd", {}), (Words{"ab", "\u4E16", "\u754C", "cd"}));
}

TEST(SplitWords, LowerCaseAndAccentsAreOptions) {
  EXPECT_EQ(split_words("\u00C4pfel", {}), (Words{"apfel"}));
  EXPECT_EQ(split_words("\u00C4pfel", {.lower_case = true, .strip_accents = false}), (Words{"\u00E4pfel"}));
  EXPECT_EQ(split_words("\u00C4pfel", {.lower_case = false, .strip_accents = true}), (Words{"Apfel"}));
  EXPECT_EQ(split_words("e\u0301", {}), (Words{"e"}));  // a combining accent of its own
}

TEST(SplitWords, OfADecompositionTheFirstPartStays) {
  EXPECT_EQ(split_words("\uD55C", {}), (Words{"\u1112"}));  // a Hangul syllable
}

TEST(SplitWords, ControlAndInvalidBytesAreDropped) {
  EXPECT_EQ(split_words("a\x01\u200D\xFF\uFFFD"
                        "b",
                        {}),
            (Words{"ab"}));
  EXPECT_EQ(split_words(std::string_view("a\0b", 3), {}), (Words{"ab"}));
}

}  // namespace
}  // namespace quern::engine
