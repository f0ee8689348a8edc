#include "server/api/llama_server/tokenize_json.hpp"

#include "tests/server/api/document_of.hpp"
#include "tests/support/piece_tokenizer.hpp"

#include <array>

#include <gtest/gtest.h>

namespace quern::server {
namespace {

const ServerLimits kLimits;
const RequestRules kRules{kLimits, 100};

TEST(TokenizeRequest, DefaultsAndFields) {
  const Result<TokenizeRequest> plain = parsed(&parse_tokenize_request, R"({"content":"x"})", kRules);
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->options.add_special);
  EXPECT_TRUE(plain->options.parse_special);
  EXPECT_FALSE(plain->with_pieces);
  const Result<TokenizeRequest> all = parsed(
      &parse_tokenize_request, R"({"content":"","add_special":true,"parse_special":false,"with_pieces":true})", kRules);
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->options.add_special && !all->options.parse_special && all->with_pieces);
}

TEST(TokenizeRequest, ErrorsNameTheField) {
  EXPECT_EQ(parsed(&parse_tokenize_request, "{}", kRules).error().field, "content");
  EXPECT_EQ(parsed(&parse_tokenize_request, R"({"content":1})", kRules).error().field, "content");
  EXPECT_EQ(parsed(&parse_tokenize_request, R"({"content":"","with_pieces":1})", kRules).error().field, "with_pieces");
  EXPECT_EQ(parsed(&parse_tokenize_request, R"({"content":"","x":1})", kRules).error().field, "x");
}

TEST(DetokenizeRequest, ErrorsNameTheElement) {
  EXPECT_EQ(*parsed(&parse_detokenize_request, R"({"tokens":[0,99]})", kRules), (std::vector<engine::TokenId>{0, 99}));
  EXPECT_TRUE(parsed(&parse_detokenize_request, R"({"tokens":[]})", kRules)->empty());
  EXPECT_EQ(parsed(&parse_detokenize_request, "{}", kRules).error().field, "tokens");
  for (const char* token : {"100", "-1", "1.5", "\"1\"", "null", "18446744073709551615"}) {
    EXPECT_EQ(parsed(&parse_detokenize_request, fmt::format(R"({{"tokens":[1,{}]}})", token), kRules).error().field,
              "tokens[1]");
  }
}

TEST(TokenizeJson, PiecesThatAreNotTextAreBytes) {
  const test::PieceTokenizer tokenizer({"a", "\xC3"});
  constexpr std::array<engine::TokenId, 2> kTokens{0, 1};
  EXPECT_EQ(tokenize_json(kTokens, false, tokenizer), R"({"tokens":[0,1]})");
  EXPECT_EQ(tokenize_json(kTokens, true, tokenizer), R"({"tokens":[{"id":0,"piece":"a"},{"id":1,"piece":[195]}]})");
  EXPECT_EQ(tokenize_json({}, true, tokenizer), R"({"tokens":[]})");
}

}  // namespace
}  // namespace quern::server
