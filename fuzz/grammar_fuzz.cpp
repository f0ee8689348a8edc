// Arbitrary schemas, regular expressions and GBNF, and a walk through what they allow. Input: a byte that picks the
// kind of source and its options, then the source. Invariants: no crash; an error says something; a token that the mask
// allows is accepted, one that it forbids is not; there is no dead end; what has to follow may follow; a complete text
// of a schema is JSON.
#include "engine/gguf/reader.hpp"
#include "engine/grammar/gbnf.hpp"
#include "engine/grammar/json_schema.hpp"
#include "engine/grammar/matcher.hpp"
#include "engine/grammar/regex.hpp"
#include "engine/tools/json_copy.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>

namespace {

using namespace quern;
using namespace quern::engine;
using namespace quern::engine::grammar;

constexpr int kSteps = 48;

void require(bool holds, const char* what, std::string_view text = "") {
  if (holds) return;
  std::fprintf(stderr, "broken: %s, after \"%.*s\"\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

const std::shared_ptr<GrammarVocabulary>& vocabulary() {
  static const auto kVocabulary = [] {
    const auto file = gguf::GgufFile::open(std::string(QUERN_TEST_DATA_DIR) + "/tokenizer/falcon-reduced.gguf");
    require(file.has_value(), "the vocabulary");
    static const std::unique_ptr<Tokenizer> kTokenizer = load_tokenizer(**file).value();
    return std::make_shared<GrammarVocabulary>(*kTokenizer);
  }();
  return kVocabulary;
}

enum Kind : std::uint8_t { schema, whole_pattern, searched_pattern, gbnf };

Result<Expr> read(Grammar& grammar, std::uint8_t choice, std::string_view source, std::vector<std::string>& ignored) {
  switch (static_cast<Kind>(choice & 3)) {
    case schema:
      break;
    case whole_pattern:
      return add_regex(grammar, source, Match::whole, Writing::plain);
    case searched_pattern:
      return add_regex(grammar, source, Match::search, Writing::json);
    case gbnf:
      return add_gbnf(grammar, source);
  }
  boost::system::error_code error;
  boost::json::parse_options parsing;
  parsing.max_depth = 256;
  const auto value = boost::json::parse(source, error, {}, parsing);
  if (error) return fail(Errc::bad_input, "no JSON");
  SchemaOptions options;
  options.whitespace = static_cast<Whitespace>((choice >> 2) % 3);
  options.ordered = (choice & 16) != 0;
  if ((choice & 32) != 0) options.ignored = &ignored;
  return add_json_schema(grammar, value, options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::uint8_t choice = data[0];
  const std::string_view source(reinterpret_cast<const char*>(data) + 1, size - 1);
  Grammar grammar;
  std::vector<std::string> ignored;
  const auto root = read(grammar, choice, source, ignored);
  if (!root) {
    require(!root.error().detail.empty(), "an error without words");
    return 0;
  }
  grammar.set_root(*root);
  const GrammarLimits limits{
      .max_nfa_states = 6'000, .max_dfa_states = 1'500, .max_nodes = 20'000, .max_work = 2'000'000};
  const auto compiled = CompiledGrammar::compile(grammar, vocabulary(), limits);
  if (!compiled) {
    require(!compiled.error().detail.empty(), "an error without words");
    return 0;
  }

  const TokenIndex& index = vocabulary()->index;
  std::uint64_t random = 0x9E3779B97F4A7C15u;
  for (const char c : source) random = (random ^ static_cast<std::uint8_t>(c)) * 0x100000001B3u;
  const auto draw = [&](std::size_t n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>((random >> 33) % n);
  };
  Matcher matcher(*compiled);
  std::string text;
  for (int step = 0; step < kSteps && !matcher.must_end(); ++step) {
    if (matcher.may_end() && (choice & 3) == schema)
      require(tools::is_json(text), "a complete text that is no JSON", text);
    const std::string forced = matcher.forced(32);
    if (!forced.empty()) {
      Matcher copy = matcher;
      require(!matcher.may_end(), "bytes that have to follow a text that may end", text);
      require(copy.accept_bytes(forced), "bytes that have to follow, and may not", text + forced);
    }
    const auto mask = matcher.mask();
    std::vector<TokenId> allowed;
    for (std::uint32_t n = 0; n < index.n_vocab(); ++n) {
      const auto id = static_cast<TokenId>(n);
      if (mask->allows(id) && !index.bytes(id).empty()) allowed.push_back(id);
    }
    for (int i = 0; i < 8; ++i) {
      const auto id = static_cast<TokenId>(draw(index.n_vocab()));
      if (index.bytes(id).empty()) continue;
      Matcher copy = matcher;
      require(copy.accept(id) == mask->allows(id), "a mask that differs from the reading", text);
    }
    require(!allowed.empty() || matcher.may_end(), "a dead end", text);
    if (allowed.empty()) break;
    const TokenId token = allowed[draw(allowed.size())];
    require(matcher.accept(token), "a token that the mask allows", text);
    text += index.bytes(token);
  }
  if (matcher.may_end() && (choice & 3) == schema)
    require(tools::is_json(text), "a complete text that is no JSON", text);
  return 0;
}
