// Reading JSON that a hub sent: members by name, with a type and a bound, or an error that says what stood there.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace quern::registry::sources {

// `what` names the document in errors. Nesting of at most 16; duplicate members: the last one counts.
Result<boost::json::value> parse_outside(std::string_view json, std::string_view what);
Result<boost::json::object> parse_outside_object(std::string_view json, std::string_view what);

// Errors: corrupt where the member is missing or something else.
Result<std::string> text_member(const boost::json::object& object, std::string_view name, std::string_view what);
Result<std::uint64_t> size_member(const boost::json::object& object, std::string_view name, std::string_view what);

// Empty, or nothing, where the member is missing or something else.
std::string text_or_empty(const boost::json::object& object, std::string_view name);
const boost::json::array* array_or_null(const boost::json::object& object, std::string_view name);

}  // namespace quern::registry::sources
