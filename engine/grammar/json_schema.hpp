// JSON Schema 2020-12 -> grammar: the texts that are valid by a schema. Threads: pure functions.
// What cannot be enforced is an error naming its path in the schema, or, where that is asked for, left out and named.
// Source: JSON Schema 2020-12 core and validation (json-schema.org).
#pragma once

#include "base/result.hpp"
#include "engine/grammar/grammar.hpp"

#include <functional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace quern::engine::grammar {

// Blanks between the parts of a JSON text.
enum class Whitespace : std::uint8_t {
  flexible,  // as people and models write it: line breaks and blanks, bounded
  single,    // one blank behind ',' and ':'
  compact,   // none
};

// How values are written.
enum class Notation : std::uint8_t {
  json,
  python,  // True, False, None; strings in either quotes; objects are dicts
};

struct SchemaOptions {
  Whitespace whitespace = Whitespace::flexible;
  Notation notation = Notation::json;
  bool ordered = false;  // properties only in the order of the schema
  // The digits that a number which is none (NaN) stands for: whole numbers beyond 64 bits. Empty: there are none.
  std::function<std::string(double)> wide_digits = {};
  // Where a keyword that cannot be enforced is noted ("#/properties/a/uniqueItems") and left out, so that more texts
  // match than are valid; nullptr: it is an error.
  std::vector<std::string>* ignored = nullptr;
};

// Errors: bad_input, the field being the path in the schema: not a schema, cannot be enforced, matches nothing, too
// large.
Result<Expr> add_json_schema(Grammar& grammar, const boost::json::value& schema, const SchemaOptions& options);

// Any JSON value, or any object.
Expr add_json_value(Grammar& grammar, const SchemaOptions& options);
Expr add_json_object(Grammar& grammar, const SchemaOptions& options);

}  // namespace quern::engine::grammar
