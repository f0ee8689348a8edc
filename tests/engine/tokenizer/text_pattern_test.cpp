#include "engine/tokenizer/text_pattern.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quern::engine {

namespace {

TextPattern compiled(const char* source, bool use_jit) {
  return TextPattern::compile("test", source, use_jit).value();
}

// A repeated group remembers a place for each character: more than the stack that machine code begins with.
TEST(TextPattern, LongRunsThroughRepeatedGroupsMatchWhole) {
  for (const bool use_jit : {true, false}) {
    for (const char* const source : {"(?:a|b)*", "(?:a|b)+$", "(?:(?:a|b)+|c)*", "(?:a(?=a|$)|b)+", "((a|b))*"}) {
      const TextPattern pattern = compiled(source, use_jit);
      for (const std::size_t size : {std::size_t{900}, use_jit ? std::size_t{100'000} : std::size_t{10'000}}) {
        const std::string text(size, 'a');
        const TextPattern::Match match = pattern.next(text, 0, TextPattern::Scratch());
        ASSERT_EQ(match.error, 0) << source << " " << size << ": " << pattern.give_up(match, size, 0).detail;
        EXPECT_TRUE(match.found);
        EXPECT_EQ(match.begin, 0u);
        EXPECT_EQ(match.end, size) << source;
      }
    }
  }
}

TEST(TextPattern, AMegabyteOfOneLetterIsOneMatch) {
  const std::string text(1 << 20, 'a');
  const TextPattern::Match match = compiled("(?:a|b)*", true).next(text, 0, TextPattern::Scratch());
  EXPECT_EQ(match.error, 0);
  EXPECT_EQ(match.end, text.size());
}

TEST(TextPattern, GivingUpIsAnErrorThatNamesThePattern) {
  for (const bool use_jit : {true, false}) {
    const TextPattern pattern = compiled("(?:a+)+b", use_jit);
    const std::string text = std::string(64, 'a') + "cb";  // without a "b" the search would not even begin
    const TextPattern::Match match = pattern.next(text, 0, TextPattern::Scratch());
    EXPECT_FALSE(match.found);
    ASSERT_NE(match.error, 0);
    const Error error = pattern.give_up(match, text.size(), 0);
    EXPECT_EQ(error.code, Errc::bad_input);
    EXPECT_NE(error.detail.find("(?:a+)+b"), std::string::npos) << error.detail;
    EXPECT_NE(error.detail.find("limit"), std::string::npos) << error.detail;
    if (use_jit) {
      EXPECT_FALSE(pattern.each_match(text, TextPattern::Scratch(), [](std::size_t, std::size_t) { return Status(); }));
    }
  }
}

TEST(TextPattern, EmptyMatchesDoNotCountBehindAnother) {
  const auto matches = [](const char* source, std::string_view text) {
    std::string out;
    const Status status =
        compiled(source, true).each_match(text, TextPattern::Scratch(), [&](std::size_t b, std::size_t e) {
          out += fmt::format("{}-{} ", b, e);
          return Status();
        });
    return status ? out : status.error().detail;
  };
  EXPECT_EQ(matches("a*", "baac"), "0-0 1-3 4-4 ");
  EXPECT_EQ(matches("", "\u00E9b"), "0-0 2-2 3-3 ");
  EXPECT_EQ(matches("(?=b)", "abb"), "1-1 2-2 ");
  EXPECT_EQ(matches("x", ""), "");
}

}  // namespace

}  // namespace quern::engine
