// Automata that count the characters they read, for lengths that would need as many states. Threads: one.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/nfa.hpp"
#include "engine/grammar/program.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace quern::engine::grammar {

struct CountedAutomaton {
  std::shared_ptr<const ByteDfa> dfa;  // with borders, where there is something to count
  CountedText counts;
};

// Between min and max of `one` after another, counted each. nullopt: one of them may be the beginning of another, so
// that where they end cannot be seen.
Result<std::optional<CountedAutomaton>> count_repeats(const ByteDfa& one, std::uint64_t min, std::uint64_t max,
                                                      Budget& budget);

// Texts of `body` with min to max characters of a JSON string as it is written. No text that can still be completed to
// a right length is lost, and no other is let in. Errors: bad_input, where neither a count per state nor as many states
// as there are lengths can do that within the limits.
Result<CountedAutomaton> count_characters(const ByteDfa& body, std::uint64_t min, std::uint64_t max, Budget& budget);

// Characters that have to end behind each state before the text can be complete. REQUIRES: borders.
std::vector<std::uint32_t> characters_needed(const ByteDfa& dfa);

// The characters of a JSON string as they are written, any number of them; borders behind each.
// Source: RFC 8259, section 7. Half a surrogate pair is no character.
Result<ByteDfa> json_characters(Budget& budget);

}  // namespace quern::engine::grammar
