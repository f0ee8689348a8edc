#include "server/tenant.hpp"

#include <fmt/format.h>

namespace quern::server {

// FNV-1a, 64 bits: enough to tell the keys of one server apart. Source: draft-eastlake-fnv.
std::string tenant_of_key(std::string_view api_key) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : api_key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return fmt::format("key-{:016x}", hash);
}

std::string tenant_of(std::string_view api_key, std::optional<uid_t> peer) {
  if (!api_key.empty()) return tenant_of_key(api_key);
  return peer ? fmt::format("uid-{}", *peer) : "anonymous";
}

}  // namespace quern::server
