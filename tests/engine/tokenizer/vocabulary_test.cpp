#include "engine/tokenizer/vocabulary.hpp"

#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using test::GgufBuilder;

Result<Vocabulary> load(const GgufBuilder& builder) {
  const std::vector<std::byte> image = builder.build();
  const auto file = gguf::GgufFile::parse(image, "test");
  if (!file) return file.error();
  return Vocabulary::load(**file);  // the file ends here: the vocabulary must not need it
}

Error error_of(const GgufBuilder& builder) {
  const Result<Vocabulary> loaded = load(builder);
  EXPECT_FALSE(loaded);
  return loaded ? Error{} : loaded.error();
}

const std::vector<std::string> kThree{"a", "b", "c"};

TEST(Vocabulary, TextsKindsAndScores) {
  const Vocabulary vocabulary = load(GgufBuilder()
                                         .key("tokenizer.ggml.tokens", kThree)
                                         .key("tokenizer.ggml.scores", std::vector<float>{1.0f, -2.0f, 0.5f})
                                         .key("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, 3, 4}))
                                    .value();
  ASSERT_EQ(vocabulary.size(), 3u);
  EXPECT_EQ(vocabulary.text(1), "b");
  EXPECT_EQ(vocabulary.kind(1), TokenKind::control);
  EXPECT_EQ(vocabulary.score(1), -2.0f);
  EXPECT_EQ(vocabulary.find("c"), 2);
  EXPECT_EQ(vocabulary.find("d"), kNoToken);
  EXPECT_TRUE(vocabulary.contains(2));
  EXPECT_FALSE(vocabulary.contains(3));
  EXPECT_FALSE(vocabulary.contains(-1));
}

TEST(Vocabulary, ScoresAndKindsMayBeMissing) {
  const Vocabulary vocabulary = load(GgufBuilder().key("tokenizer.ggml.tokens", kThree)).value();
  EXPECT_EQ(vocabulary.kind(0), TokenKind::normal);
  EXPECT_EQ(vocabulary.score(0), 0.0f);
}

TEST(Vocabulary, ViewsSurviveAMove) {
  Vocabulary first = load(GgufBuilder().key("tokenizer.ggml.tokens", kThree)).value();
  const Vocabulary second = std::move(first);
  EXPECT_EQ(second.text(0), "a");
  EXPECT_EQ(second.find("c"), 2);
}

TEST(Vocabulary, DuplicateTextsBelongToTheFirstToken) {
  const Vocabulary vocabulary =
      load(GgufBuilder().key("tokenizer.ggml.tokens", std::vector<std::string>{"a", "a", ""})).value();
  EXPECT_EQ(vocabulary.find("a"), 0);
  EXPECT_EQ(vocabulary.text(1), "a");
  EXPECT_EQ(vocabulary.find(""), kNoToken);
}

TEST(Vocabulary, ByteTokensNameTheirByte) {
  const Vocabulary vocabulary = load(GgufBuilder()
                                         .key("tokenizer.ggml.tokens", std::vector<std::string>{"<0x0A>", "<0xFF>"})
                                         .key("tokenizer.ggml.token_type", std::vector<std::int32_t>{6, 6}))
                                    .value();
  EXPECT_EQ(vocabulary.find_byte(0x0A), 0);
  EXPECT_EQ(vocabulary.find_byte(0xFF), 1);
  EXPECT_EQ(vocabulary.find_byte(0x41), kNoToken);
  EXPECT_EQ(vocabulary.byte_value(1), 0xFF);
}

TEST(Vocabulary, RefusesWhatContradictsItself) {
  const auto tokens = [] { return GgufBuilder().key("tokenizer.ggml.tokens", kThree); };
  struct Case {
    GgufBuilder file;
    const char* names;
  };
  const Case cases[] = {
      {GgufBuilder().key("tokenizer.ggml.tokens", std::vector<std::string>{}), "tokenizer.ggml.tokens: 0 tokens"},
      {tokens().key("tokenizer.ggml.scores", std::vector<float>{1.0f}), "tokenizer.ggml.scores: 1 entries"},
      {tokens().key("tokenizer.ggml.scores", std::vector<float>(4, 1.0f)), "tokenizer.ggml.scores: 4 entries"},
      {tokens().key("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, 1}), "tokenizer.ggml.token_type: 2"},
      {tokens().key("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, 1, 7}), "tokenizer.ggml.token_type[2]"},
      {tokens().key("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, -1, 1}), "tokenizer.ggml.token_type[1]"},
      {tokens().key("tokenizer.ggml.token_type", std::vector<std::int32_t>{6, 1, 1}), "tokenizer.ggml.tokens[0]"},
  };
  for (const Case& c : cases) {
    const Error error = error_of(c.file);
    EXPECT_EQ(error.code, Errc::corrupt) << c.names;
    EXPECT_NE(error.detail.find(c.names), std::string::npos) << error.detail;
  }
  EXPECT_NE(error_of(GgufBuilder()).detail.find("tokenizer.ggml.tokens"), std::string::npos);
}

}  // namespace

}  // namespace quern::engine
