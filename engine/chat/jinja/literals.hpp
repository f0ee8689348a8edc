// Numbers and strings as they are written in templates and read by int(). Threads: pure functions.
// Source: the Python language reference, "Literals".
#pragma once

#include "engine/chat/jinja/lexer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quern::engine::chat::jinja {

// Reads the number at the front into `out`; returns its length. Errors: syntax (too large).
std::size_t read_number(std::string_view text, bool may_be_real, Token& out);

// The value of what stands between quotes. Errors: syntax for a malformed \x, \u, \U, or a surrogate.
std::string unescape(std::string_view text);

// Digits alone; nothing where there is something else or they do not fit. For all of int(): read_integer().
std::optional<std::int64_t> parse_integer(std::string_view digits, int base);
// float(text) of Python; nothing where it fails.
std::optional<double> parse_real(std::string_view text);
// [-]1.5e3 to the nearest double: infinity or zero where it is beyond. False where something else stands there.
bool read_decimal(std::string_view text, double& out);

}  // namespace quern::engine::chat::jinja
