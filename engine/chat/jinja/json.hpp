// JSON text of values and back, for tojson and from_json. Source: Python's json module, whose forms models were trained
// on: ", " and ": " between items, floats as repr() prints them, NaN and Infinity. Threads: pure functions.
#pragma once

#include "engine/chat/jinja/value.hpp"

#include <string>
#include <string_view>

namespace quern::engine::chat::jinja {

struct JsonStyle {
  bool ensure_ascii = false, sort_keys = false;
  bool has_indent = false;
  std::string indent;
  std::string item_separator = ", ", key_separator = ": ";
};

// Errors: type for what JSON cannot say; limit.
std::string to_json(Heap& heap, const Value& value, const JsonStyle& style);

// Errors: type, with the byte offset; limit (nesting).
Value parse_json(Heap& heap, std::string_view text);

}  // namespace quern::engine::chat::jinja
