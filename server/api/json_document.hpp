// JSON text from outside -> value. Stricter than Boost.JSON alone: a key that comes twice in an object is an error
// (clients and proxies disagree on which one counts), numbers must be finite, the text must be UTF-8. Threads: pure
// functions.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace quern::server {

namespace json = boost::json;

// The value has memory of its own: what is kept of it longer than the rest has to be copied.
// Errors: bad_input naming the byte offset, or the key that comes twice.
Result<json::value> parse_json(std::string_view text, std::size_t max_depth);

// The same for a request body, which must be an object.
Result<json::object> parse_json_object(std::string_view text, std::size_t max_depth);

// "text" with quotes and escapes, as JSON.
void append_json_string(std::string& out, std::string_view text);

}  // namespace quern::server
