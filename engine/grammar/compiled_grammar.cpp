#include "engine/grammar/compiled_grammar.hpp"

#include "engine/grammar/lower.hpp"

#include <string_view>

namespace quern::engine::grammar {

Result<std::shared_ptr<const CompiledGrammar>> CompiledGrammar::compile(const Grammar& grammar,
                                                                        std::shared_ptr<GrammarVocabulary> vocabulary,
                                                                        const GrammarLimits& limits) {
  std::shared_ptr<CompiledGrammar> out(new CompiledGrammar);
  QUERN_TRY(out->program_, lower(grammar, limits));
  Program& program = out->program_;
  out->bytes_ = program.nodes.size() * sizeof(Node) + program.targets.size() * 4;
  for (auto& dfa : program.automata) {
    dfa = vocabulary->tables.intern(std::move(dfa));
    out->bytes_ += dfa->bytes();
  }
  for (const MemberTable& table : program.members)
    out->bytes_ += table.labels.size() * 4 + table.labels_begin.size() * 4;
  out->vocabulary_ = std::move(vocabulary);
  out->prepare();
  return std::shared_ptr<const CompiledGrammar>(std::move(out));
}

// States that many tokens begin from: their tables take milliseconds, which no step should wait for.
void CompiledGrammar::prepare() const {
  constexpr std::size_t kMaxTables = 32, kManyBytes = 64;
  std::size_t n_tables = 0;
  for (const auto& dfa : program_.automata) {
    for (std::size_t s = 1; s < dfa->n_states() && n_tables < kMaxTables; ++s) {
      const auto state = static_cast<ByteDfa::State>(s);
      if (n_next_bytes(*dfa, state) < kManyBytes) continue;
      const auto table = vocabulary_->tables.table(dfa, state);
      for (const std::uint8_t byte : std::string_view(",:]} \n")) table->exit_tree(byte);
      ++n_tables;
    }
  }
}

std::shared_ptr<const TokenMask> CompiledGrammar::find_mask(const Hash128& state) const {
  const std::lock_guard lock(mutex_);
  const auto at = masks_.find(state);
  return at == masks_.end() ? nullptr : at->second;
}

void CompiledGrammar::keep_mask(const Hash128& state, std::shared_ptr<const TokenMask> mask) const {
  const std::size_t size = mask->bits.size() * 8 + mask->few.size() * 4 + 128;
  const std::lock_guard lock(mutex_);
  if (mask_bytes_ + size > kMaxMaskBytes) {
    masks_.clear();
    mask_bytes_ = 0;
  }
  if (masks_.emplace(state, std::move(mask)).second) mask_bytes_ += size;
}

}  // namespace quern::engine::grammar
