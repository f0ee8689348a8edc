// Where the API keys are when nobody says: the same place for `quern keys`, which writes them, and for `quern serve`.
// Threads: any; looks at the environment and the file system.
#pragma once

#include "base/result.hpp"
#include "server/keys/key_scope.hpp"

#include <string>
#include <string_view>

namespace quern::app {

// "none": "". A path: itself. "auto": quern/keys.json in $XDG_CONFIG_HOME, else in $HOME/.config; where neither is set
// (a system service), /etc/quern/keys.json.
std::string keys_path(const std::string& option);

// Whether `quern serve` will ask for keys: a file was named, or the usual one exists.
bool has_keys_file(const std::string& option);

// "read,infer". Errors: bad_input naming --scopes.
Result<server::ScopeSet> parse_scopes(std::string_view text);

}  // namespace quern::app
