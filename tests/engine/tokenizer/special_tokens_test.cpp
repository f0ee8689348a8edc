#include "engine/tokenizer/special_tokens.hpp"

#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using test::GgufBuilder;

struct Loaded {
  Vocabulary vocabulary;
  TokenRoles roles;
  std::vector<Strip> strip;
};

Result<Loaded> load(const GgufBuilder& builder, const SpecialTokens& defaults = {}) {
  const std::vector<std::byte> image = builder.build();
  QUERN_TRY(const auto file, gguf::GgufFile::parse(image, "test"));
  QUERN_TRY(Vocabulary vocabulary, Vocabulary::load(*file));
  QUERN_TRY(TokenRoles roles, assign_roles(*file, defaults, vocabulary));
  std::vector<Strip> strip = strip_rules(*file, vocabulary);
  return Loaded{std::move(vocabulary), std::move(roles), std::move(strip)};
}

GgufBuilder tokens(const std::vector<std::string>& texts) {
  return GgufBuilder().key("tokenizer.ggml.tokens", texts);
}

using Ids = std::vector<TokenId>;

TEST(SpecialTokens, MetadataOverridesDefaults) {
  const Loaded loaded =
      load(tokens({"a", "b", "c"}).key("tokenizer.ggml.bos_token_id", 2u).key("tokenizer.ggml.add_bos_token", false),
           {.bos = 0, .eos = 1, .add_bos = true})
          .value();
  EXPECT_EQ(loaded.roles.ids.bos, 2);
  EXPECT_EQ(loaded.roles.ids.eos, 1);
  EXPECT_FALSE(loaded.roles.ids.add_bos);
  EXPECT_EQ(loaded.roles.ends_generation, Ids{1});
}

TEST(SpecialTokens, DefaultsOutsideTheVocabularyAreDropped) {
  const Loaded loaded = load(tokens({"a"}), {.bos = 1, .eos = 2, .add_bos = true}).value();
  EXPECT_EQ(loaded.roles.ids.bos, kNoToken);
  EXPECT_EQ(loaded.roles.ids.eos, kNoToken);
  EXPECT_FALSE(loaded.roles.ids.add_bos);
  EXPECT_TRUE(loaded.roles.ends_generation.empty());
}

TEST(SpecialTokens, MinusOneMeansNone) {
  const Loaded loaded = load(tokens({"a", "b"})
                                 .key("tokenizer.ggml.eos_token_id", 0xFFFFFFFFu)
                                 .key("tokenizer.ggml.unknown_token_id", std::int32_t{-1}),
                             {.eos = 1, .unk = 0})
                            .value();
  EXPECT_EQ(loaded.roles.ids.eos, kNoToken);
  EXPECT_EQ(loaded.roles.ids.unk, kNoToken);
}

TEST(SpecialTokens, EssentialIdsMustExistOthersAreIgnored) {
  for (const char* key : {"bos_token_id", "eos_token_id", "eot_token_id", "eom_token_id", "unknown_token_id"}) {
    const std::string full = std::string("tokenizer.ggml.") + key;
    const Result<Loaded> loaded = load(tokens({"a"}).key(full, 1u));
    ASSERT_FALSE(loaded) << key;
    EXPECT_EQ(loaded.error().code, Errc::corrupt);
    EXPECT_NE(loaded.error().detail.find(full), std::string::npos) << loaded.error().detail;
  }
  for (const char* key : {"padding_token_id", "seperator_token_id"})
    EXPECT_TRUE(load(tokens({"a"}).key(std::string("tokenizer.ggml.") + key, 9u))) << key;
}

TEST(SpecialTokens, AddingATokenThatIsNotSetIsAnError) {
  for (const char* key : {"tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token"}) {
    const Result<Loaded> loaded = load(tokens({"a"}).key(key, true));
    ASSERT_FALSE(loaded) << key;
    EXPECT_NE(loaded.error().detail.find(key), std::string::npos) << loaded.error().detail;
  }
}

TEST(SpecialTokens, EndsOfGenerationAreKnownByText) {
  const Loaded loaded = load(tokens({"x", "<|im_end|>", "<|endoftext|>", "<|fim_pad|>", "<|eom_id|>", "y"})
                                 .key("tokenizer.ggml.eos_token_id", 5u))
                            .value();
  EXPECT_EQ(loaded.roles.ids.eot, 1);
  EXPECT_EQ(loaded.roles.ids.eom, 4);
  EXPECT_EQ(loaded.roles.ends_generation, (Ids{1, 2, 4, 5}));
  for (const TokenId id : {1, 2, 3, 4}) EXPECT_EQ(loaded.vocabulary.kind(id), TokenKind::control) << id;
  EXPECT_EQ(loaded.vocabulary.kind(0), TokenKind::normal);
}

TEST(SpecialTokens, FillInTheMiddleByKeyOldKeyOrText) {
  const std::vector<std::string> texts{"x",    "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>",
                                       "<PRE>"};
  const FillTokens by_text = load(tokens(texts)).value().roles.ids.fill;
  EXPECT_EQ(by_text.prefix, 1);
  EXPECT_EQ(by_text.suffix, 2);
  EXPECT_EQ(by_text.middle, 3);
  EXPECT_EQ(by_text.file, 4);
  EXPECT_EQ(by_text.pad, kNoToken);
  EXPECT_EQ(by_text.repository, kNoToken);
  EXPECT_TRUE(by_text.complete());
  const FillTokens by_key = load(tokens(texts)
                                     .key("tokenizer.ggml.fim_pre_token_id", 5u)
                                     .key("tokenizer.ggml.prefix_token_id", 0u)
                                     .key("tokenizer.ggml.middle_token_id", 0u)
                                     .key("tokenizer.ggml.fim_suf_token_id", 77u))
                                .value()
                                .roles.ids.fill;
  EXPECT_EQ(by_key.prefix, 5) << "the newer key counts";
  EXPECT_EQ(by_key.middle, 0);
  EXPECT_EQ(by_key.suffix, 2) << "outside the vocabulary: by its text";
  EXPECT_FALSE(load(tokens({"a", "<|fim_prefix|>"})).value().roles.ids.fill.complete());
}

TEST(SpecialTokens, HarmonysEndEndsOnlyAMessage) {
  const Loaded harmony = load(tokens({"<|end|>", "<|return|>", "<|call|>", "<|channel|>"})).value();
  EXPECT_EQ(harmony.roles.ends_generation, (Ids{1, 2}));
  EXPECT_EQ(harmony.roles.ids.eot, kNoToken);
  EXPECT_EQ(harmony.vocabulary.kind(0), TokenKind::user_defined);
  EXPECT_EQ(harmony.vocabulary.kind(3), TokenKind::user_defined);
  const Loaded phi = load(tokens({"<|end|>", "<|return|>"})).value();
  EXPECT_EQ(phi.roles.ends_generation, (Ids{0, 1}));
}

TEST(SpecialTokens, GemmasSlashSIsHtml) {
  const Loaded gemma = load(tokens({"<|tool_response>", "</s>", "<eos>"})).value();
  EXPECT_EQ(gemma.roles.ends_generation, (Ids{0, 2}));
  EXPECT_EQ(gemma.vocabulary.kind(1), TokenKind::normal);
}

TEST(SpecialTokens, StripRulesGoByTheModelsName) {
  EXPECT_TRUE(load(tokens({"a"}).key("general.name", "Llama")).value().strip.empty());
  const Loaded phi = load(tokens({"a", "<|end|>", "<|endoftext|>"}).key("general.name", "Phi-3 mini")).value();
  EXPECT_EQ(phi.strip, (std::vector<Strip>{Strip::none, Strip::right, Strip::none}));
  const Loaded bert = load(tokens({"a", "[MASK]"}).key("general.name", "Modern-BERT")).value();
  EXPECT_EQ(bert.strip, (std::vector<Strip>{Strip::none, Strip::left}));
}

}  // namespace

}  // namespace quern::engine
