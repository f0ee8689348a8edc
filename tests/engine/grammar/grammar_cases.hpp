// Grammars over a vocabulary of single bytes, for tests that read texts. Threads: one.
#pragma once

#include "engine/grammar/gbnf.hpp"
#include "engine/grammar/json_schema.hpp"
#include "engine/grammar/matcher.hpp"
#include "engine/grammar/regex.hpp"
#include "tests/support/piece_tokenizer.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace quern::test {

using GrammarResult = Result<std::shared_ptr<const engine::grammar::CompiledGrammar>>;

inline std::shared_ptr<engine::grammar::GrammarVocabulary> byte_vocabulary() {
  std::vector<std::string> pieces;
  for (int byte = 0; byte < 256; ++byte) pieces.emplace_back(1, static_cast<char>(byte));
  static const PieceTokenizer kTokenizer(std::move(pieces));
  static const auto kVocabulary = std::make_shared<engine::grammar::GrammarVocabulary>(kTokenizer);
  return kVocabulary;
}

inline GrammarResult compile_schema(std::string_view schema, engine::grammar::SchemaOptions options = {}) {
  boost::json::parse_options limits;
  limits.max_depth = 2000;
  const boost::json::value value =
      boost::json::parse(boost::json::string_view(schema.data(), schema.size()), boost::json::storage_ptr(), limits);
  engine::grammar::Grammar grammar;
  QUERN_TRY(const engine::grammar::Expr root, engine::grammar::add_json_schema(grammar, value, options));
  grammar.set_root(root);
  return engine::grammar::CompiledGrammar::compile(grammar, byte_vocabulary());
}

inline GrammarResult compile_regex(std::string_view pattern,
                                   engine::grammar::Match match = engine::grammar::Match::whole) {
  engine::grammar::Grammar grammar;
  QUERN_TRY(const engine::grammar::Expr root,
            engine::grammar::add_regex(grammar, pattern, match, engine::grammar::Writing::plain));
  grammar.set_root(root);
  return engine::grammar::CompiledGrammar::compile(grammar, byte_vocabulary());
}

inline GrammarResult compile_gbnf(std::string_view text) {
  engine::grammar::Grammar grammar;
  QUERN_TRY(const engine::grammar::Expr root, engine::grammar::add_gbnf(grammar, text));
  grammar.set_root(root);
  return engine::grammar::CompiledGrammar::compile(grammar, byte_vocabulary());
}

inline bool matches(const GrammarResult& grammar, std::string_view text) {
  engine::grammar::Matcher matcher(grammar.value());
  return matcher.accept_bytes(text) && matcher.may_end();
}

}  // namespace quern::test
