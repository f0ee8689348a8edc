// Patterns and formats of strings as automata over what a JSON string has between its quotes. Threads: any.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/byte_dfa.hpp"

#include <memory>
#include <string_view>

namespace quern::engine::grammar {

// A regular expression that some part of the text matches. Errors: bad_input.
Result<std::shared_ptr<const ByteDfa>> pattern_automaton(std::string_view pattern);
// A format that format_pattern() knows and that has a pattern: made once for the whole process.
Result<std::shared_ptr<const ByteDfa>> format_automaton(std::string_view format);

bool matches(const ByteDfa& automaton, std::string_view text);  // text: as it is, not as it is written

}  // namespace quern::engine::grammar
