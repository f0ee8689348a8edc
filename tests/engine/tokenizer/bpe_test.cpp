#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Ids = std::vector<TokenId>;
constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};
constexpr EncodeOptions kSpecial{.add_special = false, .parse_special = true};

class Bpe : public testing::Test {
 protected:
  Ids ids(const std::vector<std::string>& texts) const {
    Ids out;
    for (const std::string& text : texts) out.push_back(small_.id(text));
    return out;
  }
  const test::SmallVocabulary small_ = test::small_bpe();
  const std::unique_ptr<Tokenizer> bpe_ = test::small_bpe_tokenizer();
};

TEST_F(Bpe, MergesInOrderOfRankWithinWords) {
  EXPECT_EQ(bpe_->encode("hello the hell", kPlain).value(), ids({"hello", "Ġthe", "Ġ", "hell"}));
  EXPECT_EQ(bpe_->encode("aaaaa", kPlain).value(), ids({"aaaa", "a"}));
}

TEST_F(Bpe, ThePretokenizerDecidesWhatAWordIs) {
  EXPECT_EQ(bpe_->encode("123", kPlain).value(), ids({"123"}));
  EXPECT_EQ(test::small_bpe_tokenizer("qwen2")->encode("123", kPlain).value(), ids({"1", "2", "3"}));
}

TEST_F(Bpe, BytesOfAnyTextHaveTokens) {
  EXPECT_EQ(bpe_->encode("é", kPlain).value(), ids({"Ã", "©"}));
  EXPECT_EQ(bpe_->decode(ids({"Ã", "©"}), false), "é");
}

TEST_F(Bpe, InvalidBytesAreReplacementCharacters) {
  EXPECT_EQ(bpe_->encode("a\xFF", kPlain).value(), bpe_->encode("a\uFFFD", kPlain).value());
  EXPECT_EQ(bpe_->encode("\xE2\x82", kPlain).value(), bpe_->encode("\uFFFD\uFFFD", kPlain).value());
}

TEST_F(Bpe, SpecialTokens) {
  EXPECT_EQ(bpe_->encode("a<|endoftext|>", kSpecial).value(), ids({"a", "<|endoftext|>"}));
  EXPECT_GT(bpe_->encode("a<|endoftext|>", kPlain).value().size(), 5u);
  EXPECT_EQ(bpe_->encode("<tool>a", kPlain).value(), ids({"<tool>", "a"}));
  EXPECT_EQ(bpe_->encode("a", {.add_special = true, .parse_special = false}).value(), ids({"a"}));
  EXPECT_TRUE(bpe_->is_end_of_generation(small_.id("<|endoftext|>")));
  EXPECT_EQ(bpe_->special().bos, kNoToken);
}

TEST_F(Bpe, IgnoredMergesKeepWholeWords) {
  test::SmallVocabulary small = test::small_bpe();
  small.add("xyz");  // no merges lead to it
  const auto with = [&](const char* pre) {
    return test::tokenizer_of(small.builder().key("tokenizer.ggml.model", "gpt2").key("tokenizer.ggml.pre", pre))
        .value();
  };
  EXPECT_EQ(with("gpt-2")->encode("xyz", kPlain).value().size(), 3u);
  EXPECT_EQ(with("llama-bpe")->encode("xyz", kPlain).value(), Ids{small.id("xyz")});
}

TEST_F(Bpe, IgnoredMergesDoNotForgeControlTokens) {
  test::SmallVocabulary small = test::small_bpe();
  const TokenId control = small.add("stop", test::kControl);
  const auto bpe =
      test::tokenizer_of(small.builder().key("tokenizer.ggml.model", "gpt2").key("tokenizer.ggml.pre", "llama-bpe"))
          .value();
  EXPECT_EQ(bpe->encode("stop", kPlain).value().size(), 4u);
  EXPECT_EQ(bpe->encode("stop", kSpecial).value(), Ids{control});
}

TEST_F(Bpe, MergesOfTextsThatAreNoTokensFallApart) {
  test::SmallVocabulary small = test::small_bpe();
  small.merges.push_back("x y");  // "xy" is no token
  const auto bpe =
      test::tokenizer_of(small.builder().key("tokenizer.ggml.model", "gpt2").key("tokenizer.ggml.pre", "gpt-2"))
          .value();
  EXPECT_EQ(bpe->encode("xy", kPlain).value(), (Ids{small.id("x"), small.id("y")}));
}

TEST_F(Bpe, DecodeCleansSpacesWhereTheModelDoes) {
  const Ids spaced = bpe_->encode("a . b ' c 's", kPlain).value();
  EXPECT_EQ(bpe_->decode(spaced, false), "a. b'c's");
  EXPECT_EQ(test::small_bpe_tokenizer("qwen2")->decode(spaced, false), "a . b ' c 's");
}

TEST_F(Bpe, RoundTripsWithoutCleaning) {
  const auto bpe = test::small_bpe_tokenizer("qwen2");
  const std::string text = "hello, the 123 wörld \U0001F600\n\n\t aaaaaaa  .";
  EXPECT_EQ(bpe->decode(bpe->encode(text, kPlain).value(), false), text);
}

TEST_F(Bpe, AMegabyteOfOneLetterIsQuick) {  // quadratic merging would take hours
  const std::string text(1 << 20, 'a');
  const Ids got = bpe_->encode(text, kPlain).value();
  EXPECT_EQ(got.size(), std::size_t{1 << 20} / 4);
  EXPECT_EQ(bpe_->decode(got, false), text);
}

TEST_F(Bpe, ThreadsShareATokenizer) {
  const std::string text = "hello the hell 123 é <tool>";
  const Ids want = bpe_->encode(text, kSpecial).value();
  std::vector<std::thread> threads;
  std::vector<int> n_equal(4, 0);
  for (std::size_t t = 0; t < n_equal.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) n_equal[t] += bpe_->encode(text, kSpecial).value() == want ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_equal, std::vector<int>(4, 50));
}

TEST_F(Bpe, Gemma4IsBpeOverLinesWithEscapedBlanks) {
  test::SmallVocabulary small;
  for (const char* text : {"▁", "a", "b"}) small.add(text);
  small.add("<0xC3>", test::kByte);
  small.add("<0xA9>", test::kByte);
  small.merge("a", "▁");
  small.merge("a▁", "b");
  const TokenId lines = small.add("\n\n");
  const TokenId bos = small.add("<bos>", test::kControl);
  const auto gemma = test::tokenizer_of(small.builder()
                                            .key("tokenizer.ggml.model", "gemma4")
                                            .key("tokenizer.ggml.bos_token_id", bos)
                                            .key("tokenizer.ggml.add_bos_token", false))
                         .value();
  EXPECT_EQ(gemma->encode("a b\n\né", {.add_special = true, .parse_special = false}).value(),
            (Ids{bos, small.id("a▁b"), lines, small.id("<0xC3>"), small.id("<0xA9>")}));
  EXPECT_EQ(gemma->decode(Ids{small.id("a▁b"), small.id("<0xC3>"), small.id("<0xA9>")}, false), "a bé");
}

test::SmallVocabulary characters() {
  test::SmallVocabulary small;
  for (const char* text : {"▁", "a", "b", "世", "."}) small.add(text);
  small.add("<0xC3>", test::kByte);
  small.add("<0xA9>", test::kByte);
  small.merge("a", "▁");
  small.merge("a▁", "b");
  small.merge("a", "世");
  return small;
}

TEST_F(Bpe, PretokenizersOfSentencePieceVocabularies) {
  test::SmallVocabulary small = characters();
  const TokenId lines = small.add("\n\n"), end = small.add("\n"), bos = small.add("<bos>", test::kControl);
  const auto load = [&](const char* name) {
    return test::tokenizer_of(small.builder()
                                  .key("tokenizer.ggml.model", "gpt2")
                                  .key("tokenizer.ggml.pre", name)
                                  .key("tokenizer.ggml.bos_token_id", bos)
                                  .key("tokenizer.ggml.add_bos_token", false))
        .value();
  };
  const TokenId first = small.id("a▁b"), e1 = small.id("<0xC3>"), e2 = small.id("<0xA9>");
  const EncodeOptions options{.add_special = true, .parse_special = false};
  // Gemma's family: BOS in any case, and a run of line ends whole
  EXPECT_EQ(load("granite-embed-multi-311m")->encode("a b\n\né", options).value(), (Ids{bos, first, lines, e1, e2}));
  EXPECT_EQ(load("sarvam-moe")->encode("a b\n\né", options).value(), (Ids{first, end, end, e1, e2}));
  const Ids before_point{small.id("b"), small.id("▁"), small.id(".")};
  EXPECT_EQ(load("granite-embed-multi-311m")->decode(before_point, false), "b.");
  EXPECT_EQ(load("sarvam-moe")->decode(before_point, false), "b .");  // as it is
}

TEST_F(Bpe, WhitespacePartsWordsAndIsLost) {
  const test::SmallVocabulary small = characters();
  const auto load = [&](bool lower) {
    return test::tokenizer_of(small.builder()
                                  .key("tokenizer.ggml.model", "whitespace")
                                  .key("tokenizer.ggml.pre", "whitespace")
                                  .key("tokenizer.ggml.normalizer.lowercase", lower))
        .value();
  };
  const TokenId joined = small.id("a世"), a = small.id("a"), b = small.id("b");
  const TokenId e1 = small.id("<0xC3>"), e2 = small.id("<0xA9>");
  EXPECT_EQ(load(false)->encode(" a世 \t\u3000b\na b ", kPlain).value(), (Ids{joined, b, a, b}));
  EXPECT_EQ(load(false)->encode("aAé", kPlain).value(), (Ids{a, e1, e2}));  // what is neither token nor bytes is lost
  EXPECT_EQ(load(true)->encode("A世 B", kPlain).value(), (Ids{joined, b}));
  const auto other =
      test::tokenizer_of(small.builder().key("tokenizer.ggml.model", "whitespace").key("tokenizer.ggml.pre", "qwen2"));
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().detail.find("tokenizer.ggml.pre: found 'qwen2'"), std::string::npos);
}

}  // namespace

}  // namespace quern::engine
