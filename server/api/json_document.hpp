// JSON text from outside -> value. Stricter than Boost.JSON alone: a key that comes twice in an object is an error
// (clients and proxies disagree on which one counts), numbers must be finite, the text must be UTF-8. Threads: pure
// functions.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace quern::server {

namespace json = boost::json;

// The digits of whole numbers beyond 64 bits, which a json::value cannot hold. In their places stand doubles that are
// no numbers (JSON itself has no NaN) and say which one is meant.
using WideIntegers = std::vector<std::string>;
std::optional<std::size_t> wide_index(double value) noexcept;  // nullopt: a double as any other

// The value has memory of its own: what is kept of it longer than the rest has to be copied.
// wide: where such numbers go, for readers that ask wide_index(); doubles beyond the range are then infinite, as Python
// reads them. Without it the nearest double stands in their place, and there has to be one.
// Errors: bad_input naming the byte offset, or the key that comes twice.
Result<json::value> parse_json(std::string_view text, std::size_t max_depth, WideIntegers* wide = nullptr);

// The same for a request body, which must be an object.
Result<json::object> parse_json_object(std::string_view text, std::size_t max_depth, WideIntegers* wide = nullptr);

// "text" with quotes and escapes, as JSON.
void append_json_string(std::string& out, std::string_view text);

}  // namespace quern::server
