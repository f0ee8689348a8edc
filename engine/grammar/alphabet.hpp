// How the characters of a text are written: as they are, or as in a JSON string. Threads: one, that of the grammar.
#pragma once

#include "engine/grammar/grammar.hpp"

#include <string>
#include <string_view>

namespace quern::engine::grammar {

enum class Writing : std::uint8_t {
  plain,
  json,  // each character in one way: as it is, or escaped where it has to be
};

Expr written(Grammar& grammar, const CharSet& set, Writing writing);  // one character of the set
std::string written(std::string_view text, Writing writing);          // a text; UTF-8

}  // namespace quern::engine::grammar
