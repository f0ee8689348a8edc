#include "engine/tokenizer/special_splitter.hpp"

#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

class SpecialSplitterTest : public testing::Test {
 protected:
  SpecialSplitterTest() {
    test::SmallVocabulary small;
    small.scores.clear();
    for (const char* text : {"<a>", "<abc>", "<ab"}) small.add(text, test::kControl);
    for (const char* text : {"  ", "    ", "<u>"}) small.add(text, test::kUserDefined);
    small.add("", test::kControl);
    small.add("<a>", test::kUserDefined);  // a duplicate text
    small.add("plain", test::kNormal);
    image_ = test::GgufBuilder()
                 .key("tokenizer.ggml.tokens", small.tokens)
                 .key("tokenizer.ggml.token_type", small.kinds)
                 .build();
    const auto file = gguf::GgufFile::parse(image_, "test").value();
    vocabulary_ = std::make_unique<Vocabulary>(Vocabulary::load(*file).value());
  }

  // Ordinary text in quotes, tokens by id.
  std::string split(std::string_view text, bool parse_special, std::vector<Strip> strip = {}) const {
    std::string out;
    SpecialSplitter(*vocabulary_, std::move(strip))
        .split(
            text, parse_special, [&](std::string_view part) { out += "'" + std::string(part) + "' "; },
            [&](TokenId id) { out += std::to_string(id) + " "; });
    return out;
  }

  std::vector<std::byte> image_;
  std::unique_ptr<Vocabulary> vocabulary_;
};

TEST_F(SpecialSplitterTest, ControlTokensOnlyOnRequest) {
  EXPECT_EQ(split("x<a>y", true), "'x' 0 'y' ");
  EXPECT_EQ(split("x<a>y", false), "'x<a>y' ");
}

TEST_F(SpecialSplitterTest, UserDefinedTokensAlways) {
  EXPECT_EQ(split("x<u>y", false), "'x' 5 'y' ");
}

TEST_F(SpecialSplitterTest, TheLongestAtOnePlaceWins) {
  EXPECT_EQ(split("<abc><ab<a>", true), "1 2 0 ");
  EXPECT_EQ(split("       ", false), "4 3 ' ' ");  // seven blanks: four, two, one
}

TEST_F(SpecialSplitterTest, BeginningsOfTokensAreText) {
  EXPECT_EQ(split("<<a<u", true), "'<<a<u' ");
}

TEST_F(SpecialSplitterTest, EmptyTextGivesNothing) {
  EXPECT_EQ(split("", true), "");
}

TEST_F(SpecialSplitterTest, StripsWhiteSpaceOnItsSide) {
  std::vector<Strip> strip(vocabulary_->size(), Strip::none);
  strip[0] = Strip::right;
  strip[1] = Strip::left;
  EXPECT_EQ(split("x <a> \n\ty", true, strip), "'x ' 0 'y' ");
  EXPECT_EQ(split("x \n<abc> y", true, strip), "'x' 1 ' y' ");
  EXPECT_EQ(split("\n<abc>", true, strip), "1 ");
  EXPECT_EQ(split("<a>\n", true, strip), "0 ");
}

TEST_F(SpecialSplitterTest, RefusesTextsBeyondTheLimit) {
  test::SmallVocabulary small;
  small.scores.clear();
  small.add(std::string(SpecialSplitter::kMaxTextBytes + 1, 'x'), test::kControl);
  const std::vector<std::byte> image = test::GgufBuilder()
                                           .key("tokenizer.ggml.tokens", small.tokens)
                                           .key("tokenizer.ggml.token_type", small.kinds)
                                           .build();
  const auto file = gguf::GgufFile::parse(image, "test").value();
  const Status status = SpecialSplitter::check(Vocabulary::load(*file).value());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::unsupported);
}

}  // namespace

}  // namespace quern::engine
