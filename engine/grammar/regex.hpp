// Regular expressions -> grammar, as ECMAScript writes them (what JSON Schema asks for). What looks around or back is
// an error: a text cannot be held to it as it is written. Threads: pure function. Source: ECMA-262, section 22.2, with
// the annex for web browsers where it only reads braces and brackets as themselves.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/alphabet.hpp"
#include "engine/grammar/grammar.hpp"

#include <string_view>

namespace quern::engine::grammar {

enum class Match : std::uint8_t {
  whole,   // the text matches from its beginning to its end
  search,  // it has a part that matches; ^ and $ hold the part to the text's ends
};

// Errors: bad_input naming line and column: what was found and what was expected, or is not supported.
Result<Expr> add_regex(Grammar& grammar, std::string_view pattern, Match match, Writing writing);

}  // namespace quern::engine::grammar
