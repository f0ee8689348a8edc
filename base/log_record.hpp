// Structured log lines: an event and its fields, as text or as one JSON object per line. Threads: any.
// Prompts and generated text are never logged.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace quern::log {

enum class Format : std::uint8_t { text, json };  // of every line, those of log.hpp too
// REQUIRES: set_up() was called.
void set_format(Format format);

// At level info: "event name=value ...", or as members of the line's object.
struct Field {
  std::string_view name;
  std::variant<std::int64_t, double, std::string> value;
};
void record(std::string_view event, std::span<const Field> fields);

// text as a JSON string, with its quotes.
std::string json_string(std::string_view text);

}  // namespace quern::log
