// Which parts of a grammar are regular, and their automata. Also what the rest of the compiler asks about expressions:
// whether they match the empty text, and whether they match any. Threads: one. Ownership: refers to the grammar.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/byte_dfa.hpp"
#include "engine/grammar/counted_text.hpp"
#include "engine/grammar/grammar.hpp"
#include "engine/grammar/nfa.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace quern::engine::grammar {

class RegularParts {
 public:
  // A part is made one automaton up to this many nondeterministic states; larger ones are taken apart.
  static constexpr std::size_t kPartStates = 1500;

  // Errors: bad_input: a rule that is used and not defined, limits.
  static Result<RegularParts> analyse(const Grammar& grammar, Budget& budget);

  bool nullable(Expr expr) const { return nullable_[expr.index]; }
  bool productive(Expr expr) const { return productive_[expr.index]; }  // it matches some text
  bool recursive(Expr expr) const { return size_[expr.index] == kRecursive; }
  // One automaton of reasonable size.
  bool regular(Expr expr) const { return size_[expr.index] <= kPartStates; }
  std::uint64_t n_states(Expr expr) const { return size_[expr.index]; }            // estimated
  bool wholly_regular(Expr expr) const { return size_[expr.index] < kRecursive; }  // of any size

  // Of counted(): made once.
  Result<CountedAutomaton> counted(Expr expr);
  // The automaton of several expressions one after another. REQUIRES: wholly_regular(). Errors: bad_input, limits.
  Result<std::shared_ptr<const ByteDfa>> automaton(const std::vector<Expr>& parts);
  // The automaton that tells `members.members` and `others` apart by labels.
  Result<std::shared_ptr<const ByteDfa>> keys(const Members& members);

 private:
  static constexpr std::uint64_t kRecursive = ~std::uint64_t{0};
  RegularParts(const Grammar& grammar, Budget& budget) : grammar_(&grammar), budget_(&budget) {}
  Status find_sizes();
  Status find_facts();
  Status find_empty();  // intersections and counted texts that nothing matches
  std::uint64_t size_of(std::uint32_t index) const;
  bool nullable_now(std::uint32_t index) const;
  bool productive_now(std::uint32_t index) const;

  Result<std::uint32_t> add(Expr expr, std::uint32_t from, Nfa& nfa);  // the state behind it
  Result<std::uint32_t> add_repeat(const Grammar::Repeat& repeat, std::uint32_t from, Nfa& nfa);
  Result<std::uint32_t> add_dfa(const ByteDfa& dfa, std::uint32_t from, Nfa& nfa);
  Result<std::shared_ptr<const ByteDfa>> both(const Grammar::Both& both);

  const Grammar* grammar_;
  Budget* budget_;
  std::vector<std::uint64_t> size_;  // estimated states
  std::vector<char> nullable_, productive_;
  std::vector<char> empty_;  // of those: nothing matches
  std::map<std::uint32_t, CountedAutomaton> counted_;
  std::vector<std::shared_ptr<const ByteDfa>> known_;  // of single expressions
};

// Texts without any of the stops, or up to the first of them.
Result<ByteDfa> text_without(const std::vector<std::string>& stops, Budget& budget);
Result<ByteDfa> text_through(const std::vector<std::string>& stops, bool control_tokens, Budget& budget);

}  // namespace quern::engine::grammar
