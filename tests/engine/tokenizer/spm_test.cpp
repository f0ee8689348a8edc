#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Ids = std::vector<TokenId>;
constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};
constexpr EncodeOptions kSpecial{.add_special = false, .parse_special = true};

class Spm : public testing::Test {
 protected:
  Ids ids(const std::vector<std::string>& texts) const {
    Ids out;
    for (const std::string& text : texts) out.push_back(small_.id(text));
    return out;
  }
  const test::SmallVocabulary small_ = test::small_spm();
  const std::unique_ptr<Tokenizer> spm_ = test::small_spm_tokenizer();
};

TEST_F(Spm, BestScoredNeighboursAreJoinedFirst) {
  // "▁t" is better than "he", "he" better than "▁the": ▁ t h e -> ▁t h e -> ▁t he -> ▁the
  EXPECT_EQ(spm_->encode("the", kPlain).value(), ids({"▁the"}));
  EXPECT_EQ(spm_->encode("hell", kPlain).value(), ids({"▁", "he", "ll"}));
  EXPECT_EQ(spm_->encode("aaaaa", kPlain).value(), ids({"▁a", "aaaa"}));
}

TEST_F(Spm, BlankInFrontAlsoAfterSpecialTokens) {
  EXPECT_EQ(spm_->encode("", kPlain).value(), Ids{});
  EXPECT_EQ(spm_->encode("a</s>a", kSpecial).value(), ids({"▁a", "</s>", "▁a"}));
  EXPECT_EQ(spm_->encode(" a", kPlain).value(), ids({"▁", "▁a"}));
}

TEST_F(Spm, WithoutThePrefixTextStaysAsItIs) {
  const auto bare =
      test::tokenizer_of(
          small_.builder().key("tokenizer.ggml.model", "llama").key("tokenizer.ggml.add_space_prefix", false))
          .value();
  EXPECT_FALSE(bare->adds_space_prefix());
  EXPECT_EQ(bare->encode("a", kPlain).value(), ids({"a"}));
  EXPECT_EQ(bare->decode(ids({"▁a"}), false), " a");
}

TEST_F(Spm, BosByDefault) {
  EXPECT_EQ(spm_->encode("a", {.add_special = true, .parse_special = false}).value(), ids({"<s>", "▁a"}));
  EXPECT_EQ(spm_->encode("", {.add_special = true, .parse_special = false}).value(), ids({"<s>"}));
}

TEST_F(Spm, UnknownCharactersBecomeTheirBytes) {
  EXPECT_EQ(spm_->encode("€", kPlain).value(), ids({"▁", "<0xE2>", "<0x82>", "<0xAC>"}));
  EXPECT_EQ(spm_->encode("\xFF\x80", kPlain).value(), ids({"▁", "<0xFF>", "<0x80>"}));
  EXPECT_EQ(spm_->encode("é", kPlain).value(), ids({"▁", "é"}));
  EXPECT_EQ(spm_->encode(std::string("\0", 1), kPlain).value(), ids({"▁", "<0x00>"}));
}

TEST_F(Spm, TextCannotForgeControlTokens) {
  // "</s" and ">" are tokens, so merging could reach "</s>" if it were allowed to.
  EXPECT_EQ(spm_->encode("</s>", kPlain).value(), ids({"▁", "</s", ">"}));
  EXPECT_EQ(spm_->encode("</s>", kSpecial).value(), ids({"</s>"}));
}

TEST_F(Spm, WithoutByteTokensTheUnknownTokenStandsIn) {
  test::SmallVocabulary small;
  small.add("<unk>", test::kUnknown);
  small.add("▁");
  const auto spm = test::tokenizer_of(small.builder().key("tokenizer.ggml.model", "llama")).value();
  EXPECT_EQ(spm->encode("é", kPlain).value(), (Ids{1, 0, 0}));
}

TEST_F(Spm, DecodeTakesTheBlankAway) {
  EXPECT_EQ(spm_->decode(ids({"▁the", "▁a"}), false), "the a");
  EXPECT_EQ(spm_->decode(ids({"<s>", "▁the"}), true), "<s> the");
  EXPECT_EQ(spm_->decode(ids({"<0xE2>", "<0x82>", "<0xAC>"}), false), "€");
  EXPECT_EQ(spm_->decode(Ids{-1, 1 << 30}, true), "");
}

TEST_F(Spm, PiecesKeepTheirBlank) {
  EXPECT_EQ(spm_->piece(small_.id("▁the"), false), " the");
  EXPECT_EQ(spm_->piece(small_.id("</s>"), false), "");
  EXPECT_EQ(spm_->piece(small_.id("</s>"), true), "</s>");
  EXPECT_EQ(spm_->piece(-1, true), "");
  EXPECT_EQ(spm_->piece(1 << 30, true), "");
}

TEST_F(Spm, RolesAreTheModelsDefaults) {
  EXPECT_EQ(spm_->special().bos, 1);
  EXPECT_EQ(spm_->special().eos, 2);
  EXPECT_EQ(spm_->special().unk, 0);
  EXPECT_TRUE(spm_->is_end_of_generation(2));
  EXPECT_FALSE(spm_->is_end_of_generation(1));
  EXPECT_FALSE(spm_->is_end_of_generation(kNoToken));
  EXPECT_EQ(spm_->kind(2), TokenKind::control);
  EXPECT_EQ(spm_->kind(-1), TokenKind::unused);
  EXPECT_EQ(spm_->token_text(2), "</s>");
  EXPECT_EQ(spm_->n_vocab(), small_.tokens.size());
}

// A token that joins two words switches word-wise merging off: "a" and "▁a" now meet across the blank.
TEST_F(Spm, TokensAcrossWordsAreFound) {
  test::SmallVocabulary joined = test::small_spm();
  const TokenId across = joined.add("a▁a", test::kNormal, 1.0f);
  const auto spm = test::tokenizer_of(joined.builder().key("tokenizer.ggml.model", "llama")).value();
  EXPECT_EQ(spm->encode("xa a", kPlain).value().back(), across);
  EXPECT_EQ(spm_->encode("xa a", kPlain).value().back(), small_.id("▁a"));
}

TEST_F(Spm, AMegabyteOfOneLetterIsQuick) {  // quadratic merging would take hours
  const std::string text(1 << 20, 'a');
  const Ids got = spm_->encode(text, kPlain).value();
  EXPECT_EQ(got.size(), 1u + ((1 << 20) - 4) / 4 + 2);  // ▁a, then fours, and of the last three letters two and one
  EXPECT_EQ(spm_->decode(got, false), text);
}

}  // namespace

}  // namespace quern::engine
