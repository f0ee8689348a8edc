// The formats of strings that JSON Schema names, as regular expressions. Threads: const data.
// Source: JSON Schema 2020-12 validation, section 7.3, and the RFCs that it refers to.
#pragma once

#include <string_view>

namespace quern::engine::grammar {

// The pattern, matched whole; "": the format holds no text to a form ("regex" and the like are not such); nullptr data:
// not known.
std::string_view format_pattern(std::string_view format) noexcept;

// Formats of numbers ("int32", "double"), which say how a program keeps them and not how they are written.
bool is_number_format(std::string_view format) noexcept;

}  // namespace quern::engine::grammar
