// Reads one answer as it is written and says what may come next. Threads: one at a time. Ownership: shares the grammar.
#pragma once

#include "engine/grammar/compiled_grammar.hpp"
#include "engine/grammar/threads.hpp"
#include "engine/grammar/token_mask.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::grammar {

class Matcher {
 public:
  explicit Matcher(std::shared_ptr<const CompiledGrammar> grammar);

  // False: the grammar does not allow it, and the state is as before.
  bool accept(TokenId token);
  bool accept_bytes(std::string_view bytes);

  // The tokens that may come next; those that end an answer where may_end(). The same state gives the same mask, which
  // is shared.
  std::shared_ptr<const TokenMask> mask();
  bool may_end() const noexcept { return state_.may_end; }  // the text so far is complete
  bool must_end() const noexcept { return state_.threads.empty(); }
  // Bytes that have to come next, whatever the model thinks: at most `limit`. The state stays.
  std::string forced(std::size_t limit);
  // Whether a byte may follow after `bytes`.
  bool may_follow(std::string_view bytes, std::uint8_t byte);

  const CompiledGrammar& grammar() const noexcept { return *grammar_; }

 private:
  std::shared_ptr<const CompiledGrammar> grammar_;
  Machine machine_;
  State state_, scratch_;
};

}  // namespace quern::engine::grammar
