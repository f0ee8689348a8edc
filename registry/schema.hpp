// The tables of the registry, and how a database of an older version becomes one of this. Threads: one.
#pragma once

#include "base/sqlite.hpp"

#include <span>
#include <string>

namespace quern::registry {

// One step from version i to i + 1 each.
std::span<const char* const> migrations();

// Looks at it and changes nothing. Errors: corrupt where the file is another database or none; unsupported where a
// newer quern made it.
Result<std::int64_t> version_of(const sqlite::Database& database, const std::string& path);

// Brings it to the newest version, each step in a transaction of its own. Errors: those of version_of().
Status migrate(sqlite::Database& database, const std::string& path);

}  // namespace quern::registry
