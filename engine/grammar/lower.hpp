// Grammar -> Program. Threads: one.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/grammar.hpp"
#include "engine/grammar/limits.hpp"
#include "engine/grammar/program.hpp"

namespace quern::engine::grammar {

// Errors: bad_input: a rule that refers to itself before it reads anything (left recursion), a grammar that matches no
// text, limits.
Result<Program> lower(const Grammar& grammar, const GrammarLimits& limits);

}  // namespace quern::engine::grammar
