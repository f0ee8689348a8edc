#include "engine/tokenizer/pretokenize.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

std::vector<std::string> split(std::string_view name, std::string_view text, bool use_jit = true) {
  const PretokenizerSpec* const spec = find_pretokenizer(name);
  if (spec == nullptr) return {"unknown pre-tokenizer"};
  const Pretokenizer pretokenizer = Pretokenizer::create(*spec, use_jit).value();
  std::vector<std::uint32_t> ends;
  EXPECT_TRUE(pretokenizer.split(text, ends));
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (const std::uint32_t end : ends) {
    out.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  EXPECT_EQ(begin, text.size()) << name;
  return out;
}

std::vector<std::string_view> all_names() {
  std::vector<std::string_view> out;
  static const std::string names = pretokenizer_names();
  for (std::string_view rest = names; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(", "), rest.size());
    out.push_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 2, rest.size()));
  }
  return out;
}

using Words = std::vector<std::string>;

TEST(Pretokenize, Gpt2) {
  EXPECT_EQ(split("gpt-2", "I'll see  you, 2024!\n\n x"),
            (Words{"I", "'ll", " see", " ", " you", ",", " 2024", "!", "\n\n", " x"}));
}

TEST(Pretokenize, Llama3CutsNumbersByThreeAndKeepsLineEndsWithPunctuation) {
  EXPECT_EQ(split("llama-bpe", "It'S 12345.\n\n  ok"), (Words{"It", "'S", " ", "123", "45", ".\n\n", " ", " ok"}));
}

TEST(Pretokenize, Qwen2CutsNumbersByOne) {
  EXPECT_EQ(split("qwen2", "a 12"), (Words{"a", " ", "1", "2"}));
}

TEST(Pretokenize, SeveralPatternsRefineEachOther) {
  EXPECT_EQ(split("falcon", "x+=12345"), (Words{"x", "+=", "123", "45"}));
  EXPECT_EQ(split("smollm", "ab 42"), (Words{"ab", " ", "4", "2"}));
}

TEST(Pretokenize, CasedWords) {
  EXPECT_EQ(split("gpt-4o", "HTTPServer's camelCase"), (Words{"HTTPServer's", " camel", "Case"}));
  EXPECT_EQ(split("tekken", "abcDEF"), (Words{"abc", "DEF"}));
}

TEST(Pretokenize, DigitsInThreesFromTheRight) {
  EXPECT_EQ(split("superbpe", "a b 1234567 x 123456"), (Words{"a b ", "1", "234", "567", " x ", "123", "456"}));
  EXPECT_EQ(split("superbpe", "12\u00BD34"), (Words{"12\u00BD34"}));
  EXPECT_EQ(split("tiny_aya", "1234 x12 1234a"), (Words{"1", "234", " x", "12", " ", "123", "4", "a"}));
  EXPECT_EQ(split("tiny_aya", "\u0661\u0662\u0663\u0664"), (Words{"\u0661", "\u0662\u0663\u0664"}));
}

TEST(Pretokenize, HanIsApartFromOtherLetters) {
  EXPECT_EQ(split("kimi-k2", "abc\u4E16\u754Cdef 1234"), (Words{"abc", "\u4E16\u754C", "def", " ", "123", "4"}));
  EXPECT_EQ(split("kimi-k2", "\u4E16\u3001\u4E16"), (Words{"\u4E16", "\u3001", "\u4E16"}));
  EXPECT_EQ(split("kimi-k2", "HTTPServer's\u3042\u4E16"), (Words{"HTTPServer's", "\u3042", "\u4E16"}));
  EXPECT_EQ(split("youtu", "it's \uAC00\uAC01\u4E16\u3001 42"),
            (Words{"it's", " ", "\uAC00\uAC01", "\u4E16", "\u3001", " ", "4", "2"}));
}

TEST(Pretokenize, RunsOfBlanksAtPowersOfTwo) {
  EXPECT_EQ(split("jais-2", "a" + std::string(7, ' ') + "b"), (Words{"a", "    ", "  ", " b"}));
}

TEST(Pretokenize, NumbersInThreesBeforeWords) {
  // afmoe counts from the right, in scripts of any digits; minicpm5 from the left
  EXPECT_EQ(split("afmoe", "ab 1234567x 12"), (Words{"ab", " ", "1", "234", "567", "x", " ", "12"}));
  EXPECT_EQ(split("afmoe", "\u0661\u0662\u0663\u0664 \u0E40\u0E01\uF900\u4E16, .x"),
            (Words{"\u0661", "\u0662\u0663\u0664", " ", "\u0E40", "\u0E01", "\uF900\u4E16", ",", " .", "x"}));
  EXPECT_EQ(split("minicpm5", "It'S 12345.\n\n  ok"), (Words{"It", "'S", " ", "123", "45", ".\n\n", " ", " ok"}));
}

TEST(Pretokenize, LinesFirst) {
  EXPECT_EQ(split("laguna", "a 12\n\n  b."), (Words{"a", " ", "1", "2", "\n\n", " ", " b", "."}));
  EXPECT_EQ(split("laguna", "a.\nb"), (Words{"a", ".", "\n", "b"}));  // qwen2 keeps ".\n" together
  for (const std::string_view name : {"gemma4", "granite-embed-multi-311m", "sarvam-moe"})
    EXPECT_EQ(split(name, "a b\n\nc, 12\r\n"), (Words{"a b", "\n\n", "c, 12\r", "\n"})) << name;
}

TEST(Pretokenize, WordsBetweenWhiteSpace) {
  EXPECT_EQ(split("whitespace", "ab, c\u3000\td "), (Words{"ab,", " ", "c", "\u3000\t", "d", " "}));
}

TEST(Pretokenize, JoinersAndMarksStayInWords) {
  EXPECT_EQ(split("k2-horizon", "\u0915\u094D\u200D\u0937 it's 1234"),
            (Words{"\u0915\u094D\u200D\u0937", " it", "'s", " ", "123", "4"}));
  EXPECT_EQ(split("llama3", "\u0915\u094D").size(), 2u);
}

TEST(Pretokenize, ApostrophesOfTurkishSuffixes) {
  EXPECT_EQ(split("ufakzeka", "Ali'den 12"), (Words{"Ali", "'den", " ", "1", "2"}));
  EXPECT_EQ(split("qwen2", "Ali'den"), (Words{"Ali", "'d", "en"}));
}

TEST(Pretokenize, SparkKeepsLineEndsApart) {
  EXPECT_EQ(split("spark2_5", "it's .x.\n\n \u4E16\u3042123"),
            (Words{"it", "'s", " .", "x", ".", "\n", "\n", " ", "\u4E16\u3042", "1", "2", "3"}));
  EXPECT_EQ(split("hy_v4", "x.\n\n1234"), (Words{"x", ".\n\n", "123", "4"}));
}

TEST(Pretokenize, Chameleon) {
  EXPECT_EQ(split("chameleon", "IMGIMGABZ a    b4.5"), (Words{"IMGIMGABZ", " a", "    ", "b", "4", ".", "5"}));
}

TEST(Pretokenize, LettersWithMarksAcrossBlanks) {
  EXPECT_EQ(split("exaone-moe", "ab cd 12"), (Words{"ab cd", " ", "1", "2"}));
}

// Every row stays near linear: a quadratic one would take hours here.
TEST(Pretokenize, LongRunsOfOneKind) {
  constexpr std::size_t kSize = 1 << 15;
  for (const std::string_view name : all_names())
    for (const char* const unit : {"a", "A", "1", " ", "\n", ".", "'", "\u4E16", "1 ", "a1", "\t\n", "\u0301"}) {
      std::string text;
      while (text.size() < kSize) text += unit;
      EXPECT_FALSE(split(name, text).empty()) << name;
      EXPECT_FALSE(split(name, text + "1").empty()) << name;
      EXPECT_FALSE(split(name, text + "a").empty()) << name;
    }
}

TEST(Pretokenize, WhiteSpaceIsUnicodes) {
  EXPECT_EQ(split("gpt-2", "a\u3000\u3000b"), (Words{"a", "\u3000", "\u3000", "b"}));
  EXPECT_EQ(split("gpt-2", "a\u180Eb"), (Words{"a", "\u180E", "b"}));  // a format character: taken as a symbol
}

TEST(Pretokenize, EveryRowCompilesAndCoversTheText) {
  const std::string text = "Hello,  wörld! 한국어 12345 \u3000\n\n\t'tis \U0001F600 a'Re ـمرحبا (x|y)...  \r\n end  ";
  for (const std::string_view name : all_names()) {
    const Words words = split(name, text);
    EXPECT_GT(words.size(), 3u) << name;
    std::string whole;
    for (const std::string& word : words) {
      EXPECT_FALSE(word.empty()) << name;
      whole += word;
    }
    EXPECT_EQ(whole, text) << name;
  }
}

TEST(Pretokenize, InterpretedPatternsGiveTheSameWords) {
  const std::string text = "It's  12345 naïve\n\n tests; UPPERlower  中文字 x";
  for (const std::string_view name : all_names()) EXPECT_EQ(split(name, text, false), split(name, text)) << name;
}

TEST(Pretokenize, HugeUniformTextsAreCutCompletely) {  // each must take linear time, or this test takes for ever
  for (const std::string_view name : all_names())
    for (const char c : {'a', 'A', ' ', '1', '.', '\n'}) {
      const std::string text(50'000, c);
      const PretokenizerSpec* const spec = find_pretokenizer(name);
      std::vector<std::uint32_t> ends;
      Pretokenizer::create(*spec).value().split(text, ends);
      ASSERT_FALSE(ends.empty());
      EXPECT_EQ(ends.back(), text.size()) << name << " '" << c << "'";
    }
}

TEST(Pretokenize, PatternsThatBacktrackWithoutEndAreAnError) {
  static constexpr PretokenizerSpec kHostile{"hostile", {"(a+a+)+b"}};
  for (const bool use_jit : {true, false}) {
    std::vector<std::uint32_t> ends;
    const std::string text = std::string(64, 'a') + "cb";  // without a "b" the search would not even begin
    const Status status = Pretokenizer::create(kHostile, use_jit).value().split(text, ends);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::bad_input);
    EXPECT_NE(status.error().detail.find("'hostile'"), std::string::npos) << status.error().detail;
    EXPECT_NE(status.error().detail.find("(a+a+)+b"), std::string::npos) << status.error().detail;
  }
}

TEST(Pretokenize, EmptyMatchesCut) {
  static constexpr PretokenizerSpec kEmpty{"empty", {"b*"}};
  std::vector<std::uint32_t> ends;
  Pretokenizer::create(kEmpty).value().split("aébba", ends);
  EXPECT_EQ(ends, (std::vector<std::uint32_t>{1, 3, 5, 6}));
}

TEST(Pretokenize, BadPatternIsAnError) {
  static constexpr PretokenizerSpec kBad{"bad", {"(unclosed"}};
  const auto made = Pretokenizer::create(kBad);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::unsupported);
  EXPECT_NE(made.error().detail.find("(unclosed"), std::string::npos);
}

TEST(Pretokenize, EmptyTextHasNoPieces) {
  EXPECT_TRUE(split("gpt-2", "").empty());
}

TEST(Pretokenize, NamesAreUniqueAndFound) {
  const std::vector<std::string_view> names = all_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    ASSERT_NE(find_pretokenizer(names[i]), nullptr);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(names[i], names[j]);
  }
  EXPECT_EQ(find_pretokenizer("no such name"), nullptr);
  EXPECT_EQ(find_pretokenizer(""), find_pretokenizer("default"));
}

}  // namespace

}  // namespace quern::engine
