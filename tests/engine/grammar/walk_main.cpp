// quern_grammar_walk TOKENIZER_FILE: writes texts that grammars allow, drawn at random from their masks, and how long
// that took. Reads one JSON object per line from stdin: {"schema": ...} | {"regex": "..."} | {"gbnf": "..."}, with "n"
// (texts, 1), "seed", "max_tokens" (400), "ordered", "whitespace" ("flexible", "single", "compact"). Writes one line
// for each: {"error": ...} or {"compile_us", "texts": [...], "complete": [...], "ids": [[...]], "mask_us": [...]}.
// {"vocabulary": true} writes {"tokens": [...]}, the texts as the file has them. "masks": true adds, for each step of
// the first text, the allowed ids as runs [first, end, ...].
#include "engine/grammar/gbnf.hpp"
#include "engine/grammar/json_schema.hpp"
#include "engine/grammar/matcher.hpp"
#include "engine/grammar/regex.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace {

namespace json = boost::json;
using namespace quern;
using namespace quern::engine;
using namespace quern::engine::grammar;

double now_us() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Result<std::shared_ptr<const CompiledGrammar>> compile(const json::object& request,
                                                       const std::shared_ptr<GrammarVocabulary>& vocabulary) {
  Grammar grammar;
  if (const json::value* text = request.if_contains("gbnf")) {
    QUERN_TRY(const Expr root, add_gbnf(grammar, std::string_view(text->as_string())));
    grammar.set_root(root);
  } else if (const json::value* pattern = request.if_contains("regex")) {
    QUERN_TRY(const Expr root,
              add_regex(grammar, std::string_view(pattern->as_string()), Match::whole, Writing::plain));
    grammar.set_root(root);
  } else {
    SchemaOptions options;
    std::vector<std::string> ignored;
    if (request.contains("relaxed")) options.ignored = &ignored;
    if (const json::value* ordered = request.if_contains("ordered")) options.ordered = ordered->as_bool();
    if (const json::value* blanks = request.if_contains("whitespace")) {
      const std::string_view name = blanks->as_string();
      options.whitespace = name == "compact"  ? Whitespace::compact
                           : name == "single" ? Whitespace::single
                                              : Whitespace::flexible;
    }
    QUERN_TRY(const Expr root, add_json_schema(grammar, request.at("schema"), options));
    grammar.set_root(root);
  }
  return CompiledGrammar::compile(grammar, vocabulary);
}

// Tokens of signs alone: drawn more often, so that strings and lists end.
std::vector<bool> find_signs(const TokenIndex& index) {
  std::vector<bool> out(index.n_vocab());
  for (std::uint32_t i = 0; i < index.n_vocab(); ++i) {
    const std::string_view bytes = index.bytes(static_cast<TokenId>(i));
    out[i] = !bytes.empty() && bytes.find_first_not_of("\"{}[]:,") == std::string_view::npos;
  }
  return out;
}

json::array runs_of(const TokenMask& mask) {
  json::array out;
  bool inside = false;
  const auto n = static_cast<TokenId>(mask.bits.size() * 64);
  for (TokenId id = 0; id <= n; ++id) {
    const bool in = id < n && mask.allows(id);
    if (in != inside) out.emplace_back(id);
    inside = in;
  }
  return out;
}

json::object walk(const json::object& request, const std::shared_ptr<GrammarVocabulary>& vocabulary,
                  const std::vector<bool>& signs) {
  const double begun = now_us();
  const auto grammar = compile(request, vocabulary);
  const double compile_us = now_us() - begun;
  if (!grammar) return {{"error", grammar.error().detail}, {"compile_us", compile_us}};
  const auto number = [&](const char* key, std::size_t otherwise) {
    const json::value* const value = request.if_contains(key);
    return value == nullptr ? otherwise : value->to_number<std::size_t>();
  };
  std::mt19937_64 random(number("seed", 1));
  json::array texts, complete, mask_us, masks, ids;
  for (std::size_t i = 0; i < number("n", 1); ++i) {
    Matcher matcher(*grammar);
    std::string text;
    json::array tokens;
    for (std::size_t step = 0; step < number("max_tokens", 400) && !matcher.must_end(); ++step) {
      const double before = now_us();
      const std::shared_ptr<const TokenMask> mask = matcher.mask();
      mask_us.emplace_back(now_us() - before);
      if (i == 0 && request.contains("masks")) masks.emplace_back(runs_of(*mask));
      if (matcher.may_end() && random() % 4 == 0) break;
      std::vector<TokenId> allowed, closing;
      for (std::uint32_t id = 0; id < vocabulary->index.n_vocab(); ++id) {
        if (!mask->allows(static_cast<TokenId>(id)) || vocabulary->index.is_end(static_cast<TokenId>(id))) continue;
        allowed.push_back(static_cast<TokenId>(id));
        if (signs[id]) closing.push_back(static_cast<TokenId>(id));
      }
      if (allowed.empty() && matcher.may_end()) break;
      if (allowed.empty()) return {{"error", "no token is allowed after " + text}};
      const std::vector<TokenId>& from = !closing.empty() && random() % 3 == 0 ? closing : allowed;
      const TokenId token = from[random() % from.size()];
      if (!matcher.accept(token)) return {{"error", "an allowed token was refused after " + text}};
      text += vocabulary->index.bytes(token);
      tokens.emplace_back(token);
    }
    texts.emplace_back(text);
    complete.emplace_back(matcher.may_end());
    ids.emplace_back(std::move(tokens));
  }
  json::object out{
      {"compile_us", compile_us}, {"texts", texts}, {"complete", complete}, {"ids", ids}, {"mask_us", mask_us}};
  if (request.contains("masks")) out["masks"] = masks;
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: quern_grammar_walk TOKENIZER_FILE < requests.jsonl\n");
    return 2;
  }
  const auto tokenizer = load_tokenizer_file(argv[1], nullptr);
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", tokenizer.error().detail.c_str());
    return 1;
  }
  const auto vocabulary = std::make_shared<GrammarVocabulary>(**tokenizer);
  const std::vector<bool> signs = find_signs(vocabulary->index);
  for (std::string line; std::getline(std::cin, line);) {
    json::parse_options options;
    options.max_depth = 600;
    const json::object request = json::parse(line, json::storage_ptr(), options).as_object();
    if (request.contains("vocabulary")) {
      json::array tokens;
      for (std::uint32_t i = 0; i < (*tokenizer)->n_vocab(); ++i) {
        tokens.emplace_back(engine::replace_invalid_bytes((*tokenizer)->token_text(static_cast<TokenId>(i))));
      }
      std::cout << json::serialize(json::object{{"tokens", tokens}}) << "\n";
      continue;
    }
    std::cout << json::serialize(walk(request, vocabulary, signs)) << "\n";
  }
  return 0;
}
