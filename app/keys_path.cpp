#include "app/keys_path.hpp"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

namespace quern::app {
namespace {

// The specification wants relative values to be ignored. Source: XDG Base Directory 0.8.
std::string folder_of(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value == '/' ? value : "";
}

}  // namespace

std::string keys_path(const std::string& option) {
  if (option == "none") return "";
  if (option != "auto") return option;
  const std::string config = folder_of("XDG_CONFIG_HOME");
  if (!config.empty()) return config + "/quern/keys.json";
  const std::string home = folder_of("HOME");
  return home.empty() ? "/etc/quern/keys.json" : home + "/.config/quern/keys.json";
}

bool has_keys_file(const std::string& option) {
  if (option == "none") return false;
  return option != "auto" || ::access(keys_path(option).c_str(), F_OK) == 0;
}

Result<server::ScopeSet> parse_scopes(std::string_view text) {
  server::ScopeSet out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    const auto scope = server::scope_named(name);
    if (!scope) return fail_field("--scopes", "want some of read, infer and admin, found '{}'", name);
    out.add(*scope);
    begin = end + 1;
  }
  return out;
}

}  // namespace quern::app
