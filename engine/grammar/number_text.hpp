// How the numbers of a range are written in JSON. Threads: one, that of the grammar.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/decimal.hpp"
#include "engine/grammar/grammar.hpp"

#include <optional>
#include <vector>

namespace quern::engine::grammar {

struct NumberBound {
  Decimal value;
  bool exclusive = false;
};

struct NumberRange {
  bool whole = false;  // without a fraction or an exponent
  std::optional<NumberBound> min, max;
  std::vector<Decimal> multiples;  // of each of these
};

// Any number as JSON has them; one between bounds, or a multiple, without an exponent. nullopt: a multiple of so many
// digits that no automaton can tell.
std::optional<Expr> add_number(Grammar& grammar, const NumberRange& range);

bool contains(const NumberRange& range, const Decimal& value);

}  // namespace quern::engine::grammar
