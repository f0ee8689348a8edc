// A nondeterministic automaton over bytes, and its way to a deterministic one. Threads: one.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/byte_dfa.hpp"
#include "engine/grammar/char_set.hpp"
#include "engine/grammar/limits.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace quern::engine::grammar {

// What one compilation may still do. Errors: exhausted, naming the limit.
class Budget {
 public:
  explicit Budget(const GrammarLimits& of) : limits(of), work_(of.max_work) {}
  bool spend(std::size_t steps) noexcept {
    work_ = steps < work_ ? work_ - steps : 0;
    return work_ > 0;
  }
  Error exhausted() const;
  const GrammarLimits& limits;

 private:
  std::size_t work_;
};

class Nfa {
 public:
  struct Edge {
    std::uint8_t first, last;
    std::uint32_t to;
  };
  struct State {
    std::vector<Edge> edges;
    std::vector<std::uint32_t> empty;  // steps that take no byte
    std::uint32_t label = ByteDfa::kNoLabel;
  };

  std::uint32_t add_state() {
    states_.emplace_back();
    return static_cast<std::uint32_t>(states_.size() - 1);
  }
  void link(std::uint32_t from, std::uint32_t to) { states_[from].empty.push_back(to); }
  void add_edge(std::uint32_t from, std::uint8_t first, std::uint8_t last, std::uint32_t to) {
    states_[from].edges.push_back({first, last, to});
  }
  void add_text(std::uint32_t from, std::string_view bytes, std::uint32_t to);
  void add_chars(std::uint32_t from, const CharSet& set, std::uint32_t to);
  void add_dfa(std::uint32_t from, const ByteDfa& dfa, std::uint32_t to);
  void set_label(std::uint32_t state, std::uint32_t label) { states_[state].label = label; }
  const std::vector<State>& states() const noexcept { return states_; }

  // The smallest deterministic automaton; of several labels in one state the lowest counts. Errors: bad_input, over
  // limits.
  Result<ByteDfa> determinize(std::uint32_t start, Budget& budget) const;

 private:
  std::vector<State> states_;
};

// Texts that both match, or that a matches and b does not. Labels are a's. borders: the result has those of b.
// Errors: bad_input, over limits.
Result<ByteDfa> product(const ByteDfa& a, const ByteDfa& b, bool negated, bool borders, Budget& budget);

}  // namespace quern::engine::grammar
