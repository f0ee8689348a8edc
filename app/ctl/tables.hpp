// Replies of /control/* as tables for people. Threads: pure functions.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace quern::app {

// A flat or nested object as aligned "name  value" lines; nested names are joined with dots. Arrays of objects become
// tables (see rows_table). Errors: corrupt when json is not JSON.
Result<std::string> object_table(std::string_view json);

// An array of objects, or an object with one such array: a column per key of the first element.
Result<std::string> rows_table(std::string_view json);

// The message inside an error reply {"error": {"message": ...}}, or the start of the body.
std::string error_message(std::string_view json);

}  // namespace quern::app
