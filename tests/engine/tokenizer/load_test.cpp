#include "engine/tokenizer/tokenizer.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using test::GgufBuilder;

Error error_of(const GgufBuilder& builder) {
  const auto loaded = test::tokenizer_of(builder);
  EXPECT_FALSE(loaded);
  return loaded ? Error{} : loaded.error();
}

void expect_names(const Error& error, Errc code, std::initializer_list<const char*> parts) {
  EXPECT_EQ(error.code, code) << error.detail;
  for (const char* part : parts) EXPECT_NE(error.detail.find(part), std::string::npos) << part << ": " << error.detail;
}

TEST(LoadTokenizer, UnknownModelListsTheKnownOnes) {
  expect_names(error_of(test::small_spm().builder().key("tokenizer.ggml.model", "nope")), Errc::unsupported,
               {"'nope'", "llama", "gpt2", "gemma4", "bert"});
}

TEST(LoadTokenizer, UnknownPretokenizerListsTheKnownOnes) {
  expect_names(
      error_of(test::small_bpe().builder().key("tokenizer.ggml.model", "gpt2").key("tokenizer.ggml.pre", "nope")),
      Errc::unsupported, {"tokenizer.ggml.pre", "'nope'", "llama-bpe", "qwen2"});
}

TEST(LoadTokenizer, MissingKeysAreNamed) {
  expect_names(error_of(test::small_spm().builder()), Errc::not_found, {"tokenizer.ggml.model"});
  expect_names(error_of(GgufBuilder().key("tokenizer.ggml.model", "llama")), Errc::not_found,
               {"tokenizer.ggml.tokens"});
  test::SmallVocabulary no_merges = test::small_bpe();
  no_merges.merges.clear();
  expect_names(error_of(no_merges.builder().key("tokenizer.ggml.model", "gpt2")), Errc::not_found,
               {"tokenizer.ggml.merges"});
}

TEST(LoadTokenizer, KeysOfTheWrongTypeAreNamed) {
  const auto names = [](const GgufBuilder& builder, const char* key) {
    const Error error = error_of(builder);
    EXPECT_NE(error.detail.find(key), std::string::npos) << error.detail;
  };
  names(GgufBuilder().key("tokenizer.ggml.model", 7u), "tokenizer.ggml.model");
  names(GgufBuilder().key("tokenizer.ggml.model", "llama").key("tokenizer.ggml.tokens", 7u), "tokenizer.ggml.tokens");
  names(test::small_spm().builder().key("tokenizer.ggml.model", "llama").key("tokenizer.ggml.add_bos_token", 2.5f),
        "tokenizer.ggml.add_bos_token");
  names(test::small_spm().builder().key("tokenizer.ggml.model", "llama").key("tokenizer.ggml.bos_token_id", "x"),
        "tokenizer.ggml.bos_token_id");
  names(test::small_bpe().builder().key("tokenizer.ggml.model", "gpt2").key("tokenizer.ggml.pre", true),
        "tokenizer.ggml.pre");
}

TEST(LoadTokenizer, RulesThatTheModelDoesNotReadMustSayNothing) {
  const auto spm = [] { return test::small_spm().builder().key("tokenizer.ggml.model", "llama"); };
  const auto bpe = [] { return test::small_bpe().builder().key("tokenizer.ggml.model", "gpt2"); };
  for (const char* const key : {"tokenizer.ggml.remove_extra_whitespaces", "tokenizer.ggml.normalizer.lowercase",
                                "tokenizer.ggml.normalizer.strip_accents"}) {
    EXPECT_TRUE(test::tokenizer_of(spm().key(key, false))) << key;
    expect_names(error_of(spm().key(key, true)), Errc::unsupported, {key, "want false", "'llama'", "found true"});
    EXPECT_TRUE(test::tokenizer_of(bpe().key(key, false))) << key;
    expect_names(error_of(bpe().key(key, true)), Errc::unsupported, {key, "want false", "'gpt2'", "found true"});
  }
  EXPECT_TRUE(test::tokenizer_of(spm().key("tokenizer.ggml.add_space_prefix", true)));
  expect_names(error_of(bpe().key("tokenizer.ggml.add_space_prefix", true)), Errc::unsupported,
               {"tokenizer.ggml.add_space_prefix", "want false"});
  const char* const map = "tokenizer.ggml.precompiled_charsmap";
  const auto bytes = [](std::uint64_t n) {
    test::ByteWriter array;
    array.number<std::uint32_t>(0).number(n);
    for (std::uint64_t i = 0; i < n; ++i) array.number<std::uint8_t>(1);
    return array;
  };
  EXPECT_TRUE(test::tokenizer_of(spm().raw_key(map, 9, bytes(0).bytes())));
  expect_names(error_of(spm().raw_key(map, 9, bytes(3).bytes())), Errc::unsupported, {map, "found 3 bytes"});
  expect_names(error_of(bpe().key("tokenizer.ggml.normalizer.lowercase", "yes")), Errc::corrupt,
               {"tokenizer.ggml.normalizer.lowercase", "string"});
}

TEST(LoadTokenizer, AMissingPretokenizerIsTheDefault) {
  const auto bpe = test::tokenizer_of(test::small_bpe().builder().key("tokenizer.ggml.model", "gpt2"));
  ASSERT_TRUE(bpe);
  EXPECT_EQ((*bpe)->decode((*bpe)->encode("hello 12", {.add_special = false}).value(), false), "hello 12");
}

}  // namespace

}  // namespace quern::engine
