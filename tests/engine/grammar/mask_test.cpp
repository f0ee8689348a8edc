// Masks against the slow truth: a token is allowed exactly where reading its bytes one by one is.
#include "engine/gguf/reader.hpp"
#include "engine/grammar/gbnf.hpp"
#include "engine/grammar/json_schema.hpp"
#include "engine/grammar/matcher.hpp"
#include "engine/grammar/regex.hpp"
#include "tests/support/golden_json.hpp"

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace quern::engine::grammar {
namespace {

namespace json = boost::json;

std::shared_ptr<GrammarVocabulary> vocabulary_of(const std::string& name) {
  const auto file = gguf::GgufFile::open(std::string(QUERN_TEST_DATA_DIR) + "/tokenizer/" + name + ".gguf");
  EXPECT_TRUE(file) << (file ? "" : file.error().detail);
  static std::vector<std::unique_ptr<Tokenizer>> kept;
  kept.push_back(load_tokenizer(**file).value());
  return std::make_shared<GrammarVocabulary>(*kept.back());
}

std::shared_ptr<const CompiledGrammar> compile_schema(const json::value& schema,
                                                      const std::shared_ptr<GrammarVocabulary>& vocabulary,
                                                      bool ordered) {
  Grammar grammar;
  std::vector<std::string> ignored;
  SchemaOptions options;
  options.ignored = &ignored;
  options.ordered = ordered;
  const auto root = add_json_schema(grammar, schema, options);
  EXPECT_TRUE(root) << (root ? "" : root.error().detail);
  grammar.set_root(*root);
  return CompiledGrammar::compile(grammar, vocabulary).value();
}

// Draws texts and checks the masks on the way: of all tokens that are allowed or have a sign in them, and some others.
void check_walks(const std::shared_ptr<const CompiledGrammar>& grammar, int n_walks, int n_steps, std::uint64_t seed) {
  const TokenIndex& index = grammar->vocabulary().index;
  std::mt19937_64 random(seed);
  for (int i = 0; i < n_walks; ++i) {
    Matcher matcher(grammar);
    std::string text;
    for (int step = 0; step < n_steps && !matcher.must_end(); ++step) {
      const auto mask = matcher.mask();
      std::vector<TokenId> allowed;
      for (std::uint32_t n = 0; n < index.n_vocab(); ++n) {
        const auto id = static_cast<TokenId>(n);
        const std::string_view bytes = index.bytes(id);
        if (bytes.empty()) {
          ASSERT_EQ(mask->allows(id), index.is_end(id) && matcher.may_end());
          continue;
        }
        const bool sign = bytes.find_first_of("\"{}[]:,\\<>") != std::string_view::npos;
        if (mask->allows(id)) allowed.push_back(id);
        if (!sign && random() % 64 != 0) continue;
        Matcher copy = matcher;
        ASSERT_EQ(copy.accept(id), mask->allows(id)) << "after " << text << " token " << bytes;
      }
      if (allowed.empty()) {
        ASSERT_TRUE(matcher.may_end()) << "a dead end after " << text;
        break;
      }
      std::vector<TokenId> closing;
      for (const TokenId id : allowed) {
        if (index.bytes(id).find_first_of("\"}],:") != std::string_view::npos) closing.push_back(id);
      }
      const auto& from = !closing.empty() && random() % 2 == 0 ? closing : allowed;
      const TokenId token = from[random() % from.size()];
      ASSERT_TRUE(matcher.accept(token)) << "after " << text << " token " << index.bytes(token);
      text += index.bytes(token);
    }
  }
}

TEST(MaskTest, GoldenSchemasOverSeveralVocabularies) {
  const json::value cases = test::read_json(std::string(QUERN_TEST_DATA_DIR) + "/grammar/schema.json");
  std::uint64_t seed = 1;
  for (const char* name : {"gpt-2", "phi-3", "sentencepiece-bpe"}) {
    const auto vocabulary = vocabulary_of(name);
    for (const json::value& one : cases.as_array()) {
      SCOPED_TRACE(std::string(name) + ": " + one.at("name").as_string().c_str());
      check_walks(compile_schema(one.at("schema"), vocabulary, seed % 2 == 0), 1, 24, seed);
      ++seed;
      if (HasFatalFailure()) return;
    }
  }
}

// phi-3 has a token for each byte, also for those that mark control tokens in an automaton.
TEST(MaskTest, BytesThatNoTextHasAreNoMarks) {
  const auto vocabulary = vocabulary_of("phi-3");
  Grammar grammar;
  grammar.set_root(grammar.sequence({grammar.marker("<|user|>"), grammar.without({"<|end|>"})}));
  Matcher matcher(CompiledGrammar::compile(grammar, vocabulary).value());
  const auto mask = matcher.mask();
  std::size_t n_allowed = 0;
  for (std::uint32_t i = 0; i < vocabulary->index.n_vocab(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!mask->allows(id)) continue;
    ++n_allowed;
    const std::string_view bytes = vocabulary->index.bytes(id);
    const bool control = bytes.starts_with('\xFF') && bytes.ends_with('\xFE') && bytes.size() > 2;
    EXPECT_TRUE(control || std::string_view("<|user|>").starts_with(bytes)) << id;
  }
  EXPECT_GE(n_allowed, 2u);
  EXPECT_FALSE(matcher.accept_bytes("\x80"));
}

TEST(MaskTest, GoldenGrammars) {
  const json::value cases = test::read_json(std::string(QUERN_TEST_DATA_DIR) + "/grammar/gbnf.json");
  const auto vocabulary = vocabulary_of("gpt-2");
  for (const json::value& one : cases.as_array()) {
    SCOPED_TRACE(one.at("name").as_string().c_str());
    Grammar grammar;
    grammar.set_root(add_gbnf(grammar, std::string_view(one.at("grammar").as_string())).value());
    check_walks(CompiledGrammar::compile(grammar, vocabulary).value(), 2, 16, 7);
    if (HasFatalFailure()) return;
  }
}

TEST(MaskTest, CountsNamesAndFreeText) {
  const auto vocabulary = vocabulary_of("gpt-2");
  const char* schemas[] = {
      R"({"type":"string","minLength":3,"maxLength":9})",
      R"({"type":"string","pattern":"^[a-z]+( [a-z]+)*$","maxLength":14})",
      R"({"type":"string","maxLength":1000000000})",
      R"({"type":"object","properties":{"name":{"type":"string"},"names":{"type":"integer"},"na":{"const":1}},"required":["na"],"additionalProperties":{"type":"boolean"}})",
      R"({"type":"object","patternProperties":{"^x":{"type":"integer"},"y$":{"minimum":3}},"additionalProperties":false})",
      R"({"type":"object","propertyNames":{"enum":["a","bc","bcd"]},"additionalProperties":{"type":"null"},"minProperties":2})",
      R"({"type":"array","items":{"enum":["a","b","ab"]},"uniqueItems":true})",
      R"({"type":"object","properties":{"é":{"type":"null"}},"additionalProperties":{"type":"integer"}})"};
  for (const char* schema : schemas) {
    for (const bool ordered : {false, true}) {
      SCOPED_TRACE(schema);
      check_walks(compile_schema(json::parse(schema), vocabulary, ordered), 4, 14, ordered ? 3 : 5);
      if (HasFatalFailure()) return;
    }
  }
  Grammar grammar;
  const Expr call = grammar.sequence({grammar.through({"<tool>"}, true), grammar.through({"</tool>"})});
  grammar.set_root(grammar.sequence({grammar.repeat(call, 0, kUnlimited), grammar.without({"<tool>"})}));
  check_walks(CompiledGrammar::compile(grammar, vocabulary).value(), 4, 12, 3);
}

}  // namespace
}  // namespace quern::engine::grammar
