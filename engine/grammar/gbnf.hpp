// GBNF -> grammar: rules "name ::= alternatives" with texts, classes, groups and repetitions; the answer matches
// "root". Threads: pure function. Source: the GBNF guide of llama.cpp (grammars/README.md), and its golden cases.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/grammar.hpp"

#include <string_view>

namespace quern::engine::grammar {

// Errors: bad_input naming line and column: what was found and what was expected; a rule that is missing or comes
// twice.
Result<Expr> add_gbnf(Grammar& grammar, std::string_view text);

}  // namespace quern::engine::grammar
