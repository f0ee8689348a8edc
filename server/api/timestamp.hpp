// Times as JSON has them. Threads: pure functions. Source: RFC 3339.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace quern::server {

// "2026-11-27T08:00:00Z"
inline std::string rfc3339(std::int64_t unix_s) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

}  // namespace quern::server
