#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Ids = std::vector<TokenId>;

std::unique_ptr<Tokenizer> tokenizer(std::initializer_list<std::string> pieces) {
  test::SmallVocabulary out;
  out.scores.clear();
  out.add("[UNK]", test::kUnknown);
  for (const std::string& piece : pieces) out.add(piece);
  return test::tokenizer_of(
             out.builder().key("tokenizer.ggml.model", "bert").key("tokenizer.ggml.unknown_token_id", 0u))
      .value();
}

TEST(WordPiece, TheLongestTokenThatBeginsWhatIsLeft) {
  const auto t = tokenizer({"▁ab", "▁abcd", "c", "cd", "e", "▁abcd"});
  EXPECT_EQ(t->encode("abc", {.add_special = false}).value(), (Ids{1, 3}));
  EXPECT_EQ(t->encode("abcde ab", {.add_special = false}).value(), (Ids{2, 5, 1}));  // of equal texts the first
  EXPECT_EQ(t->encode("abx ab", {.add_special = false}).value(),
            (Ids{0, 1}));  // a word is known as a whole or not at all
}

// A long token that nearly fits at each place: trying its lengths one by one would take a day.
TEST(WordPiece, OneWalkPerTokenWhateverTheVocabularyHolds) {
  const std::string word(1 << 20, 'a');
  const auto t = tokenizer({"▁a", "aaaa", "a", "b" + word, "▁" + word + "b"});
  const Ids ids = t->encode(word, {.add_special = false}).value();
  EXPECT_EQ(ids.size(), 1 + (word.size() - 1) / 4 + (word.size() - 1) % 4);
}

}  // namespace

}  // namespace quern::engine
