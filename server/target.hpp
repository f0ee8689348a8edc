// The target of a request line, brought into one form. Threads: pure functions.
// Source: RFC 9112 3.2, RFC 3986 5.2.4 and 6.2.2.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::server {

struct Target {
  std::string path;                      // "/v1/models", percent-decoded, without query; "*" of OPTIONS
  std::string query;                     // what follows '?', as sent
  std::optional<std::string> authority;  // of the absolute form "http://host:port/path": it counts instead of Host
};

// Empty segments ("//v1", "/v1/") and "." go, ".." takes the segment before it, also where they are percent-encoded. A
// slash that is percent-encoded is part of its segment and not touched by this. Errors: bad_input for a target that is
// no path, a broken escape, a NUL, invalid UTF-8.
Result<Target> parse_target(std::string_view target);

// "a=1&b=%41" -> {"a", "1"}, {"b", "A"}; "+" is a blank. Errors: as for a path.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace quern::server
