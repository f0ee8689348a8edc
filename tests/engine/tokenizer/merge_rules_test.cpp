#include "engine/tokenizer/merge_rules.hpp"

#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

struct Loaded {
  Vocabulary vocabulary;
  MergeRules rules;
};

Result<Loaded> load(const std::vector<std::string>& tokens, const std::vector<std::string>& merges) {
  const std::vector<std::byte> image =
      test::GgufBuilder().key("tokenizer.ggml.tokens", tokens).key("tokenizer.ggml.merges", merges).build();
  QUERN_TRY(const auto file, gguf::GgufFile::parse(image, "test"));
  QUERN_TRY(Vocabulary vocabulary, Vocabulary::load(*file));
  QUERN_TRY(MergeRules rules, MergeRules::load(*file, vocabulary));
  return Loaded{std::move(vocabulary), std::move(rules)};
}

TEST(MergeRules, RanksAreIndexesAndTheFirstOfEqualMergesWins) {
  const Loaded loaded = load({"a", "b", "ab", "aab"}, {"a b", "a ab", "a b"}).value();
  EXPECT_EQ(loaded.rules.find(0, 1).rank, 0u);
  EXPECT_EQ(loaded.rules.find(0, 1).id, 2u);
  EXPECT_EQ(loaded.rules.find(0, 2).rank, 1u);
  EXPECT_EQ(loaded.rules.find(0, 2).id, 3u);
  EXPECT_EQ(loaded.rules.find(1, 0).id, PairTable::kAbsent);
}

TEST(MergeRules, TextsThatAreNoTokensGetIdsBeyondTheVocabulary) {
  const Loaded loaded = load({"a", "b", "abab"}, {"a b", "ab ab"}).value();
  const std::uint32_t ab = loaded.rules.find(0, 1).id;
  EXPECT_EQ(ab, 3u);
  EXPECT_EQ(loaded.rules.symbol(loaded.vocabulary, "ab"), ab);
  EXPECT_EQ(loaded.rules.find(ab, ab).id, 2u);
}

TEST(MergeRules, AMergeMayBeginWithABlank) {
  const Loaded loaded = load({" ", "x", " x"}, {"  x"}).value();
  EXPECT_EQ(loaded.rules.find(0, 1).id, 2u);
}

TEST(MergeRules, MalformedMergesNameTheirIndex) {
  for (const char* bad : {"", "ab", "a ", " ", " a"}) {
    const Result<Loaded> loaded = load({"a", "b"}, {"a b", bad});
    ASSERT_FALSE(loaded) << "'" << bad << "'";
    EXPECT_EQ(loaded.error().code, Errc::corrupt);
    EXPECT_NE(loaded.error().detail.find("tokenizer.ggml.merges[1]"), std::string::npos) << loaded.error().detail;
  }
}

}  // namespace

}  // namespace quern::engine
