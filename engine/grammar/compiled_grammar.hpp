// A grammar made ready for one vocabulary, with the masks that were found for it: shared by all requests that use it.
// Threads: any. Ownership: shares the vocabulary. Limits: kMaxMaskBytes of masks; beyond, they are made anew.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/grammar.hpp"
#include "engine/grammar/limits.hpp"
#include "engine/grammar/program.hpp"
#include "engine/grammar/token_mask.hpp"
#include "engine/grammar/token_tables.hpp"

#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>

namespace quern::engine::grammar {

// What grammars have to know of a tokenizer.
struct GrammarVocabulary {
  explicit GrammarVocabulary(const Tokenizer& tokenizer, std::span<const TokenId> ends = {})
      : index(tokenizer, ends), tables(index) {}
  TokenIndex index;
  TokenTables tables;
};

class CompiledGrammar {
 public:
  static constexpr std::size_t kMaxMaskBytes = std::size_t{64} << 20;

  // Errors: bad_input: it matches no text, a rule begins with itself or is not defined, limits.
  static Result<std::shared_ptr<const CompiledGrammar>> compile(const Grammar& grammar,
                                                                std::shared_ptr<GrammarVocabulary> vocabulary,
                                                                const GrammarLimits& limits = {});

  const Program& program() const noexcept { return program_; }
  GrammarVocabulary& vocabulary() const noexcept { return *vocabulary_; }
  std::size_t bytes() const noexcept { return bytes_; }

  std::shared_ptr<const TokenMask> find_mask(const Hash128& state) const;
  void keep_mask(const Hash128& state, std::shared_ptr<const TokenMask> mask) const;

 private:
  CompiledGrammar() = default;
  void prepare() const;

  Program program_;
  std::shared_ptr<GrammarVocabulary> vocabulary_;
  std::size_t bytes_ = 0;
  mutable std::mutex mutex_;
  mutable std::size_t mask_bytes_ = 0;
  mutable std::unordered_map<Hash128, std::shared_ptr<const TokenMask>, HashOfHash128> masks_;
};

}  // namespace quern::engine::grammar
