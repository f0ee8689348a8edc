// What a grammar is compiled to: a small machine whose threads each stand in one automaton and remember, as a stack,
// where they go on behind it. Regular parts are whole automata; only recursion and counting are nodes of their own.
// Threads: const data.
#pragma once

#include "engine/grammar/byte_dfa.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace quern::engine::grammar {

inline constexpr std::uint64_t kNoEnd = ~std::uint64_t{0};

// How many characters are needed to complete a counted text, and whether any larger number does too.
struct CountedText {
  std::uint64_t min = 0, max = kNoEnd;
  std::vector<std::uint32_t> needed;  // [n_states] characters that end after this state, at least
};

// Members of an object: see Members in grammar.hpp. Labels are members first, then kinds of further keys.
struct MemberTable {
  std::uint32_t n_members = 0, n_others = 0;
  bool ordered = false;
  std::uint64_t min_count = 0, max_count = kNoEnd;
  std::vector<std::uint8_t> rest_empty;             // of each label: what follows the key may be nothing
  std::vector<std::uint8_t> required, possible;     // of each label; possible: its value matches something
  std::vector<std::uint32_t> n_required_after;      // [n_members + 1] required ones from this one on
  std::vector<std::uint32_t> rest_rules;            // [n_members + n_others] entry nodes of what follows the key
  std::vector<std::uint32_t> labels_begin, labels;  // by state of the key automaton: which labels it can still reach
  std::uint32_t key_node = 0;                       // the terminal that reads a key
  std::uint32_t separator_node = 0;                 // what comes before the next key
  std::uint32_t next = 0;                           // behind the last member
};

struct Node {
  enum class Kind : std::uint8_t {
    terminal,  // automaton a, then b
    counted,   // automaton a with counts c, then b
    key,       // automaton a with the members c
    call,      // the rule that begins at a, then b
    split,     // any of targets[a .. a + b)
    repeat,    // the rule at a, between min and max times (counts c), then b
    members,   // of members c: behind one of them, the next or the end
    end,       // of a rule
  };
  Kind kind = Kind::end;
  std::uint32_t a = 0, b = 0, c = 0;
};

struct RepeatCounts {
  std::uint64_t min = 0, max = kNoEnd;
};

struct Program {
  std::vector<Node> nodes;
  std::vector<std::uint32_t> targets;
  std::vector<std::shared_ptr<const ByteDfa>> automata;
  std::vector<CountedText> counted;
  std::vector<RepeatCounts> repeats;
  std::vector<MemberTable> members;
  std::uint32_t start = 0;
  bool matches_empty = false;
};

}  // namespace quern::engine::grammar
