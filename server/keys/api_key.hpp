// API keys: what is known of each, and how the secret is made, kept and found again. A secret is "qk_" and 43
// characters out of [0-9A-Za-z] (256 random bits of the kernel). It is shown once; what is kept is its HMAC-SHA256
// under the random salt of its file, which is enough for a secret that nobody can guess. Threads: pure functions and
// plain data.
#pragma once

#include "base/result.hpp"
#include "server/keys/key_scope.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

using KeyHash = std::array<unsigned char, 32>;

struct ApiKey {
  std::string id;  // names it in lists and logs; no secret
  std::string name;
  ScopeSet scopes;
  std::string tenant;  // who its requests are counted for; several keys may share one
  float weight = 1;    // of the tenant
  std::int64_t created_unix_s = 0;
  std::int64_t expires_unix_s = 0;  // 0: never
  KeyHash hash{};

  bool expired(std::int64_t now_unix_s) const noexcept { return expires_unix_s != 0 && now_unix_s >= expires_unix_s; }
};

struct KeySet {
  KeyHash salt{};
  std::vector<ApiKey> keys;
};

constexpr float kMinKeyWeight = 0.001f, kMaxKeyWeight = 1000;
constexpr std::size_t kMaxSecretBytes = 256;  // of a text that is looked up: longer ones are no keys

// Errors: io, the kernel gives no random bytes.
Result<KeyHash> random_salt();
Result<std::string> random_secret();
Result<std::string> random_key_id();  // "k" and 8 hex digits

KeyHash hash_of(const KeyHash& salt, std::string_view secret);

// The key of this secret, expired or not; nullptr: none. Takes the same time for each secret of a length.
const ApiKey* find_key(const KeySet& set, std::string_view secret);

// Text of 1 to 64 characters out of [A-Za-z0-9._-] and, for a tenant, no name that stands for somebody without a key.
// Errors: bad_input naming `field`.
Status check_key_name(std::string_view name, const std::string& field);
Status check_tenant_name(std::string_view tenant, const std::string& field);

}  // namespace quern::server
