#include "engine/tokenizer/word_borders.hpp"

#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Parts = std::vector<std::string>;

Parts parts_of(std::string_view text, std::initializer_list<std::string_view> tokens) {
  WordBorders borders;
  for (const std::string_view token : tokens) borders.add(token);
  Parts out;
  while (!text.empty()) {
    const std::size_t size = borders.first_part(text);
    out.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

TEST(WordBorders, BeforeTheBlanksOfEachWord) {
  EXPECT_EQ(parts_of("▁ab▁▁c▁", {"▁a", "ab", "▁▁", "▁"}), (Parts{"▁ab", "▁▁c", "▁"}));
  EXPECT_EQ(parts_of("ab", {}), (Parts{"ab"}));
}

TEST(WordBorders, NotWhereATokenCrosses) {
  EXPECT_EQ(parts_of("a▁b▁c▁d", {"b▁c"}), (Parts{"a", "▁b▁c", "▁d"}));
  EXPECT_EQ(parts_of("b▁cd▁b▁x", {"b▁c"}), (Parts{"b▁cd", "▁b", "▁x"}));
  EXPECT_EQ(parts_of(")▁x▁)▁▁y▁)▁", {")▁"}), (Parts{")▁x", "▁)▁▁y", "▁)▁"}));  // whatever follows
  EXPECT_EQ(parts_of("a▁▁b▁c", {"a▁▁b"}), (Parts{"a▁▁b", "▁c"}));
  EXPECT_EQ(parts_of("b▁", {"b▁c"}), (Parts{"b", "▁"}));  // the token has more than there is
}

TEST(WordBorders, OneByteOnEitherSideCounts) {
  EXPECT_EQ(parts_of("\u4E16▁é", {"\u4E16▁\u00E8"}).size(), 1u);  // their lead bytes are the same
  EXPECT_EQ(parts_of("\u4E16▁a", {"\u4E16▁\u00E8"}).size(), 2u);
}

TEST(WordBorders, ALeadByteTakesTheBlankItAnnounces) {
  EXPECT_EQ(parts_of("\xF0▁a", {}), (Parts{"\xF0▁a"}));
  EXPECT_EQ(parts_of("\x80▁a", {}), (Parts{"\x80", "▁a"}));
}

// Merging part by part gives what merging the text as one gives: a token that no text reaches, but which crosses every
// border, makes the same vocabulary take each text as one part.
TEST(WordBorders, PartsChangeNoToken) {
  std::mt19937 random(3);
  const auto pick = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  static const std::string kLetters[] = {"a", "b", "c", "▁", "▁", ")", "é"};
  const auto letters = [&](std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += kLetters[pick(std::size(kLetters))];
    return out;
  };
  for (const char* const model : {"llama", "t5"}) {
    for (int round = 0; round < 60; ++round) {
      test::SmallVocabulary parted;
      parted.add("<pad>", test::kControl);
      parted.add("</s>", test::kControl);
      parted.add("<unk>", test::kUnknown);
      for (const std::string& letter : kLetters) parted.add(letter, test::kNormal, -9.0f);
      for (int i = 0; i < 25; ++i)
        parted.add(letters(2 + pick(4)), test::kNormal, -static_cast<float>(1 + pick(64)) / 4.0f);
      test::SmallVocabulary whole = parted;
      for (const std::string& before : kLetters) whole.add("\x01" + before + "▁", test::kNormal, -99.0f);
      const auto load = [&](const test::SmallVocabulary& v) {
        return test::tokenizer_of(v.builder()
                                      .key("tokenizer.ggml.model", model)
                                      .key("tokenizer.ggml.unknown_token_id", 2u)
                                      .key("tokenizer.ggml.add_space_prefix", false))
            .value();
      };
      const auto one = load(parted), other = load(whole);
      for (int i = 0; i < 10; ++i) {
        const std::string text = letters(40);
        EXPECT_EQ(one->encode(text, {.add_special = false}).value(),
                  other->encode(text, {.add_special = false}).value())
            << text;
      }
    }
  }
}

}  // namespace

}  // namespace quern::engine
