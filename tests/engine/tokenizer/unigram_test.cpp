#include "engine/tokenizer/tokenizer.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Ids = std::vector<TokenId>;

// 0 <pad>, 1 </s>, 2 <unk>, then pieces.
test::SmallVocabulary small_unigram(const std::vector<std::pair<std::string, float>>& pieces) {
  test::SmallVocabulary out;
  out.add("<pad>", test::kControl);
  out.add("</s>", test::kControl);
  out.add("<unk>", test::kUnknown);
  for (const auto& [text, score] : pieces) out.add(text, test::kNormal, score);
  return out;
}

std::unique_ptr<Tokenizer> tokenizer(const test::SmallVocabulary& vocabulary, bool prefix = false) {
  return test::tokenizer_of(vocabulary.builder()
                                .key("tokenizer.ggml.model", "t5")
                                .key("tokenizer.ggml.add_space_prefix", prefix)
                                .key("tokenizer.ggml.remove_extra_whitespaces", false))
      .value();
}

TEST(Unigram, TheBestSumWinsNotTheLongestToken) {
  const auto t = tokenizer(small_unigram({{"abc", -10}, {"ab", -1}, {"bc", -2}, {"a", -3}, {"c", -1.5f}}));
  EXPECT_EQ(t->encode("abc", {.add_special = false}).value(), (Ids{4, 7}));  // ab + c
  EXPECT_EQ(t->encode("bc", {.add_special = false}).value(), (Ids{5}));
}

TEST(Unigram, InfiniteScores) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto never = tokenizer(small_unigram({{"a", -kInfinity}, {"b", -1}, {"ab", -kInfinity}}));
  EXPECT_EQ(never->encode("ab", {.add_special = false}).value(), (Ids{2, 4}));  // such a token must not be chosen
  EXPECT_EQ(never->encode("xaab", {.add_special = false}).value(), (Ids{2, 4}));
  const auto always = tokenizer(small_unigram({{"a", kInfinity}, {"b", -1}, {"ab", kInfinity}}));
  EXPECT_EQ(always->encode("ab", {.add_special = false}).value(), (Ids{5}));
  EXPECT_EQ(always->encode("bab", {.add_special = false}).value(), (Ids{4, 5}));
}

TEST(Unigram, EndOfSequenceIsAppendedByDefault) {
  const auto t = tokenizer(small_unigram({{"a", -1}}));
  EXPECT_EQ(t->encode("a", {}).value(), (Ids{3, 1}));
  EXPECT_EQ(t->encode("", {}).value(), (Ids{1}));
}

TEST(Unigram, ARunOfUnknownCharactersIsOneToken) {
  const auto t = tokenizer(small_unigram({{"a", -1}, {"▁", -2}, {"▁a", -2}}));
  EXPECT_EQ(t->encode("a\u4E16\u754Ca", {.add_special = false}).value(), (Ids{3, 2, 3}));
  EXPECT_EQ(t->encode("\u4E16 \u754C", {.add_special = false}).value(), (Ids{2, 4, 2}));
  EXPECT_EQ(t->encode("\xFFq", {.add_special = false}).value(), (Ids{2}));
}

TEST(Unigram, BytesStandForUnknownCharactersWhereTheVocabularyHasThem) {
  test::SmallVocabulary vocabulary = test::small_spm();
  const auto t = test::tokenizer_of(vocabulary.builder()
                                        .key("tokenizer.ggml.model", "t5")
                                        .key("tokenizer.ggml.unknown_token_id", 0u)
                                        .key("tokenizer.ggml.eos_token_id", 2u))
                     .value();
  EXPECT_EQ(t->encode("q", {.add_special = false}).value(), (Ids{3 + 'q'}));
  EXPECT_EQ(t->encode("\u4E16", {.add_special = false}).value(), (Ids{3 + 0xE4, 3 + 0xB8, 3 + 0x96}));
}

TEST(Unigram, UserDefinedTokensComeFirstAndControlTokensOnlyOnRequest) {
  test::SmallVocabulary vocabulary = small_unigram({{"a", -1}, {"<", -3}, {"/", -3}, {"s", -3}, {">", -3}});
  const TokenId tool = vocabulary.add("aa", test::kUserDefined);
  const auto t = tokenizer(vocabulary);
  EXPECT_EQ(t->encode("aaa", {.add_special = false}).value(), (Ids{tool, 3}));
  EXPECT_EQ(t->encode("</s>", {.add_special = false}).value(), (Ids{4, 5, 6, 7}));
  EXPECT_EQ(t->encode("</s>", {.add_special = false, .parse_special = true}).value(), (Ids{1}));
}

TEST(Unigram, TheAddedBlankIsTakenAwayAgain) {
  const auto t = tokenizer(small_unigram({{"▁a", -1}, {"▁", -2}, {"b", -1}}), true);
  EXPECT_EQ(t->encode("a b", {.add_special = false}).value(), (Ids{3, 4, 5}));
  EXPECT_EQ(t->decode(Ids{3, 4, 5}, false), "a b");
}

// All ways to cut text, the best sum first found: exponential, so texts are short.
double best_by_exhaustion(std::string_view text, const test::SmallVocabulary& vocabulary, double unknown) {
  if (text.empty()) return 0;
  double best = -std::numeric_limits<double>::infinity();
  bool covered = false;
  for (std::size_t i = 3; i < vocabulary.tokens.size(); ++i) {
    const std::string& token = vocabulary.tokens[i];
    if (!text.starts_with(token)) continue;
    covered = covered || token.size() == 1;
    best = std::max(best,
                    double{vocabulary.scores[i]} + best_by_exhaustion(text.substr(token.size()), vocabulary, unknown));
  }
  if (!covered) best = std::max(best, unknown + best_by_exhaustion(text.substr(1), vocabulary, unknown));
  return best;
}

TEST(Unigram, EqualsExhaustiveSearch) {
  std::mt19937 random(7);
  const auto letters = [&](std::size_t most) {
    std::string out;
    for (std::size_t n = 1 + random() % most; n > 0; --n) out += static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int round = 0; round < 50; ++round) {
    std::vector<std::pair<std::string, float>> pieces;
    for (int i = 0; i < 12; ++i) {
      const std::string text = letters(4);
      const bool known = std::ranges::any_of(pieces, [&](const auto& piece) { return piece.first == text; });
      if (!known) pieces.emplace_back(text, -static_cast<float>(random() % 1000) / 64);  // sums are exact
    }
    const test::SmallVocabulary vocabulary = small_unigram(pieces);
    double worst = 0;
    for (const auto& piece : pieces) worst = std::min(worst, double{piece.second});
    const auto t = tokenizer(vocabulary);
    for (int i = 0; i < 20; ++i) {
      const std::string text = letters(11);
      double sum = 0;
      std::string joined;
      for (const TokenId id : t->encode(text, {.add_special = false}).value()) {
        if (id == 2) continue;
        sum += double{vocabulary.scores[static_cast<std::size_t>(id)]};
        joined += vocabulary.tokens[static_cast<std::size_t>(id)];
      }
      sum += static_cast<double>(text.size() - joined.size()) * (worst - 10);
      EXPECT_EQ(sum, best_by_exhaustion(text, vocabulary, worst - 10)) << text;
    }
  }
}

TEST(Unigram, BadRulesAreNamed) {
  const auto error = test::tokenizer_of(small_unigram({{"a", -1}})
                                            .builder()
                                            .key("tokenizer.ggml.model", "t5")
                                            .key("tokenizer.ggml.precompiled_charsmap", "abc"));
  ASSERT_FALSE(error);
  EXPECT_NE(error.error().detail.find("tokenizer.ggml.precompiled_charsmap"), std::string::npos);
}

TEST(Unigram, AMegabyteOfOneLetter) {
  const auto t = tokenizer(small_unigram({{"a", -3}, {"aa", -4}, {"aaaa", -5}, {"▁", -2}}));
  EXPECT_EQ(t->encode(std::string(1 << 20, 'a'), {.add_special = false}).value().size(), std::size_t{1} << 18);
}

}  // namespace

}  // namespace quern::engine
