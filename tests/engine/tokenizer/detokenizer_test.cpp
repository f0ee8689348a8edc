#include "engine/tokenizer/detokenizer.hpp"

#include "engine/tokenizer/utf8.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <random>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Ids = std::vector<TokenId>;

class DetokenizerTest : public testing::Test {
 protected:
  TokenId byte(unsigned value) const { return 3 + static_cast<TokenId>(value); }
  TokenId id(std::string_view text) const { return small_.id(text); }
  std::string run(const Ids& ids, bool show_special = false, bool at_start = false) const {
    Detokenizer detokenizer(*spm_, show_special, at_start);
    std::string out;
    for (const TokenId token : ids) out += detokenizer.append(token);
    return out + detokenizer.flush();
  }
  const test::SmallVocabulary small_ = test::small_spm();
  const std::unique_ptr<Tokenizer> spm_ = test::small_spm_tokenizer();
};

TEST_F(DetokenizerTest, HoldsBackUnfinishedCharacters) {
  Detokenizer detokenizer(*spm_);
  EXPECT_EQ(detokenizer.append(byte(0xF0)), "");
  EXPECT_EQ(detokenizer.append(byte(0x9F)), "");
  EXPECT_EQ(detokenizer.append(byte(0x98)), "");
  EXPECT_EQ(detokenizer.append(byte(0x80)), "\U0001F600");
  EXPECT_EQ(detokenizer.flush(), "");
}

TEST_F(DetokenizerTest, FlushGivesUpOnAnUnfinishedCharacter) {
  EXPECT_EQ(run({byte(0xE2), byte(0x82)}), "\uFFFD");
  EXPECT_EQ(run({id("a"), byte(0xC3)}), "a\uFFFD");
}

TEST_F(DetokenizerTest, EachMaximalSubpartIsOneReplacement) {
  EXPECT_EQ(run({byte(0xE2), byte(0x82), id("a")}), "\uFFFDa");
  EXPECT_EQ(run({byte(0xF0), byte(0x80), byte(0x80)}), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(run({byte(0xFF), byte(0xC3), byte(0xA9)}), "\uFFFDé");
}

TEST_F(DetokenizerTest, SaysWhereATokensTextBegins) {
  Detokenizer detokenizer(*spm_);
  const std::pair<TokenId, bool> steps[] = {
      {byte(0xC3), false}, {byte(0xA9), false}, {byte(0xE2), false}, {byte(0x82), false}, {id("a"), true},
      {id("a"), false},    {byte(0xC3), false}, {byte(0xC3), true},  {id("</s>"), false}, {byte(0xFF), true},
      {byte(0xFF), false}, {byte(0xEF), false}, {byte(0xBF), false}, {byte(0xBD), false}};
  int i = 0;
  for (const auto& [token, want] : steps) {
    detokenizer.append(token);
    EXPECT_EQ(detokenizer.gave_up_pending(), want) << "step " << i;
    ++i;
  }
}

TEST_F(DetokenizerTest, TheFirstBlankFallsOnlyAtTheStart) {
  EXPECT_EQ(run({id("▁the"), id("▁a")}, false, true), "the a");
  EXPECT_EQ(run({id("▁the"), id("▁a")}, false, false), " the a");
  EXPECT_EQ(run({id("<s>"), id("▁the")}, false, true), "the");
  EXPECT_EQ(run({id("<s>"), id("▁the")}, true, true), "<s> the");
  EXPECT_EQ(run({id("▁▁"), id("a")}, false, true), " a");
}

TEST_F(DetokenizerTest, HiddenTokensAndUnknownIdsPrintNothing) {
  EXPECT_EQ(run({id("a"), id("</s>"), -1, 1 << 30}), "a");
  EXPECT_EQ(run({id("a"), id("</s>")}, true), "a</s>");
}

// The text depends on the tokens alone: not on where appends were cut by a reader, and it is always valid UTF-8.
TEST_F(DetokenizerTest, EveryPrefixIsAPrefixOfTheWhole) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    Ids ids;
    std::string bytes;
    for (std::size_t i = 0, n = random() % 12; i < n; ++i) {
      static constexpr unsigned kBytes[] = {0x41, 0x80, 0x82, 0x98, 0x9F, 0xA9, 0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0xFF};
      const unsigned value = kBytes[random() % std::size(kBytes)];
      ids.push_back(byte(value));
      bytes.push_back(static_cast<char>(value));
    }
    Detokenizer detokenizer(*spm_);
    std::string so_far;
    for (const TokenId token : ids) {
      so_far += detokenizer.append(token);
      EXPECT_TRUE(is_valid_utf8(so_far));
    }
    so_far += detokenizer.flush();
    // The definition: the whole byte string at once, each maximal subpart replaced.
    std::string want;
    for (std::string_view rest = bytes; !rest.empty();) {
      const Utf8Step step = utf8_front(rest);
      want += step.kind == Utf8Kind::valid ? rest.substr(0, step.size) : kReplacementCharacter;
      rest.remove_prefix(step.size);
    }
    EXPECT_EQ(so_far, want);
  }
}

}  // namespace

}  // namespace quern::engine
