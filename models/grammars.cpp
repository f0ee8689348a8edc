#include "models/grammars.hpp"

#include <algorithm>
#include <utility>

namespace quern::models {

// Takes some hundred milliseconds for a large vocabulary: only models that are asked for grammars pay for it.
std::shared_ptr<engine::grammar::GrammarVocabulary> Grammars::vocabulary() {
  std::call_once(vocabulary_made_,
                 [this] { vocabulary_ = std::make_shared<engine::grammar::GrammarVocabulary>(tokenizer_, ends_); });
  return vocabulary_;
}

std::optional<KeptGrammar> Grammars::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(key);
  if (at == entries_.end()) return std::nullopt;
  at->second.last_use = ++n_uses_;
  return at->second.kept;
}

Result<KeptGrammar> Grammars::make(const std::string& key, const Source& source) {
  if (std::optional<KeptGrammar> known = find(key)) return *std::move(known);
  KeptGrammar out;
  engine::grammar::Grammar grammar;
  QUERN_TRY(const engine::grammar::Expr root, source(grammar, out.ignored));
  grammar.set_root(root);
  QUERN_TRY(out.grammar, engine::grammar::CompiledGrammar::compile(grammar, vocabulary()));
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = entries_.try_emplace(key, Entry{out, ++n_uses_});
  if (fresh) bytes_ += out.grammar->bytes() + key.size();
  drop_some();
  return out;
}

void Grammars::drop_some() {
  while (entries_.size() > 1 && (entries_.size() > kMaxEntries || bytes_ > kMaxBytes)) {
    const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
      return a.second.last_use < b.second.last_use;
    });
    bytes_ -= oldest->second.kept.grammar->bytes() + oldest->first.size();
    entries_.erase(oldest);
  }
}

}  // namespace quern::models
