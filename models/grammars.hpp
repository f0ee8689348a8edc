// The grammars of one model, ready for its vocabulary, and kept for the next request that wants the same.
// Threads: any; what takes milliseconds is done by whoever calls make(), outside of the lock. Ownership: refers to the
// tokenizer. Limits: kMaxEntries and kMaxBytes, the longest unused go first.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/compiled_grammar.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace quern::models {

struct KeptGrammar {
  std::shared_ptr<const engine::grammar::CompiledGrammar> grammar;
  std::vector<std::string> ignored;  // what of its source could not be enforced, by path
};

class Grammars {
 public:
  static constexpr std::size_t kMaxEntries = 256, kMaxBytes = std::size_t{128} << 20;
  // Adds to the grammar what it is made from, and notes what cannot be enforced.
  using Source = std::function<Result<engine::grammar::Expr>(engine::grammar::Grammar&, std::vector<std::string>&)>;

  // ends: tokens that end an answer besides those of the vocabulary.
  Grammars(const engine::Tokenizer& tokenizer, std::vector<engine::TokenId> ends)
      : tokenizer_(tokenizer), ends_(std::move(ends)) {}

  // key: all that the grammar depends on.
  std::optional<KeptGrammar> find(const std::string& key);
  // Errors: those of source, and of compiling: bad_input.
  Result<KeptGrammar> make(const std::string& key, const Source& source);

 private:
  struct Entry {
    KeptGrammar kept;
    std::uint64_t last_use = 0;
  };
  std::shared_ptr<engine::grammar::GrammarVocabulary> vocabulary();
  void drop_some();

  const engine::Tokenizer& tokenizer_;
  const std::vector<engine::TokenId> ends_;
  std::once_flag vocabulary_made_;
  std::shared_ptr<engine::grammar::GrammarVocabulary> vocabulary_;
  std::mutex mutex_;
  std::uint64_t n_uses_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace quern::models
