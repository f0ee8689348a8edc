// What stands in a keys file. Strict: a field that nobody knows, a name that comes twice or a hash of another length is
// an error, since a misread right is worse than none.
#include "server/api/json_document.hpp"
#include "server/api/json_fields.hpp"
#include "server/keys/key_file.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace quern::server {
namespace {

constexpr std::size_t kMaxDepth = 8;
constexpr std::int32_t kVersion = 1;

std::string hex(const KeyHash& bytes) {
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

Result<KeyHash> unhex(std::string_view text, const std::string& field) {
  KeyHash out{};
  bool good = text.size() == out.size() * 2;
  for (std::size_t i = 0; good && i < out.size(); ++i) {
    const char* begin = text.data() + i * 2;
    const auto parsed = std::from_chars(begin, begin + 2, out[i], 16);
    good = parsed.ec == std::errc() && parsed.ptr == begin + 2;
  }
  if (!good) return fail_field(field, "want {} hex digits, found {} characters", out.size() * 2, text.size());
  return out;
}

void read_scopes(JsonFields& fields, ScopeSet& scopes) {
  std::vector<std::string> names;
  fields.read("scopes", names);
  for (const std::string& name : names) {
    const std::optional<KeyScope> scope = scope_named(name);
    if (!scope) return fields.refuse("scopes", fmt::format("want read, infer or admin, found '{}'", name));
    scopes.add(*scope);
  }
  if (scopes.empty()) fields.refuse("scopes", "want at least one scope, found none");
}

Result<ApiKey> read_key(const json::value& value, const std::string& path) {
  if (!value.is_object()) return fail_field(path, "want an object, found {}", describe(value));
  JsonFields fields(value.get_object(), path);
  ApiKey key;
  std::string hash;
  fields.read("id", key.id);
  fields.read("name", key.name);
  read_scopes(fields, key.scopes);
  fields.read("tenant", key.tenant);
  fields.read("weight", key.weight);
  fields.read("created_unix_s", key.created_unix_s);
  fields.read("expires_unix_s", key.expires_unix_s);
  fields.read("hash", hash);
  QUERN_CHECK(fields.finish());
  QUERN_CHECK(check_key_name(key.id, fields.path_of("id")));
  QUERN_CHECK(check_key_name(key.name, fields.path_of("name")));
  QUERN_CHECK(check_tenant_name(key.tenant, fields.path_of("tenant")));
  if (!(key.weight >= kMinKeyWeight && key.weight <= kMaxKeyWeight)) {
    return fail_field(fields.path_of("weight"), "want {} to {}, found {}", kMinKeyWeight, kMaxKeyWeight, key.weight);
  }
  if (key.expires_unix_s < 0 || key.created_unix_s < 0) return fail_field(path, "want times after 1970");
  QUERN_TRY(key.hash, unhex(hash, fields.path_of("hash")));
  return key;
}

Status check_unique(const std::vector<ApiKey>& keys) {
  std::set<std::string_view> ids;
  std::set<KeyHash> hashes;
  for (const ApiKey& key : keys) {
    if (!ids.insert(key.id).second) return fail_field("keys", "the id '{}' comes twice", key.id);
    if (!hashes.insert(key.hash).second) return fail_field("keys", "the hash of '{}' comes twice", key.id);
  }
  return {};
}

}  // namespace

Result<KeySet> parse_keys(std::string_view text) {
  QUERN_TRY(const json::value root, parse_json(text, kMaxDepth));
  if (!root.is_object()) return fail(Errc::corrupt, "want an object, found {}", describe(root));
  JsonFields fields(root.get_object(), "");
  std::int32_t version = 0;
  std::string salt;
  fields.read("version", version);
  fields.read("salt", salt);
  const json::array* const rows = fields.array("keys");
  QUERN_CHECK(fields.finish());
  if (version != kVersion) return fail_field("version", "want {}, found {}", kVersion, version);
  if (rows == nullptr) return fail_field("keys", "want an array, found none");
  if (rows->size() > kMaxKeys) return fail_field("keys", "want at most {}, found {}", kMaxKeys, rows->size());
  KeySet set;
  QUERN_TRY(set.salt, unhex(salt, "salt"));
  for (std::size_t i = 0; i < rows->size(); ++i) {
    QUERN_TRY(ApiKey key, read_key((*rows)[i], fmt::format("keys[{}]", i)));
    set.keys.push_back(std::move(key));
  }
  QUERN_CHECK(check_unique(set.keys));
  return set;
}

std::string keys_text(const KeySet& set) {
  std::string out = fmt::format("{{\"version\": {},\n \"salt\": \"{}\",\n \"keys\": [", kVersion, hex(set.salt));
  // Names are plain text (check_key_name), so nothing needs to be escaped.
  for (const ApiKey& key : set.keys) {
    std::string scopes;
    for (const KeyScope scope : kKeyScopes) {
      if (key.scopes.has(scope)) scopes += fmt::format("{}\"{}\"", scopes.empty() ? "" : ", ", scope_name(scope));
    }
    out += fmt::format(
        "{}\n  {{\"id\": \"{}\", \"name\": \"{}\", \"scopes\": [{}], \"tenant\": \"{}\", \"weight\": {}, "
        "\"created_unix_s\": {}, \"expires_unix_s\": {},\n   \"hash\": \"{}\"}}",
        &key == set.keys.data() ? "" : ",", key.id, key.name, scopes, key.tenant, key.weight, key.created_unix_s,
        key.expires_unix_s, hex(key.hash));
  }
  return out + "\n ]}\n";
}

}  // namespace quern::server
