// `quern keys`: edits the file of API keys that `quern serve` asks for. Threads: main.
#include "app/commands/commands.hpp"
#include "app/keys_path.hpp"
#include "server/keys/key_file.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace quern::app {
namespace {

using server::ApiKey;
using server::KeySet;

std::int64_t now_unix_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string date(std::int64_t unix_s) {
  return unix_s == 0 ? "never" : fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

// The usual folder may not be there yet; one that somebody named has to be.
Status make_folder(const std::string& option, const std::string& path) {
  if (option != "auto") return {};
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (std::filesystem::create_directories(folder, error)) ::chmod(folder.c_str(), 0700);
  if (error) return fail(Errc::io, "keys file {}: cannot make its folder: {}", path, error.message());
  return {};
}

Result<ApiKey> new_key(const KeysOptions& options, const KeySet& set, const std::string& secret) {
  ApiKey key;
  const auto taken = [&set](const std::string& id) {
    return std::ranges::find(set.keys, id, &ApiKey::id) != set.keys.end();
  };
  do {
    QUERN_TRY(key.id, server::random_key_id());
  } while (taken(key.id));
  key.name = options.name;
  QUERN_TRY(key.scopes, parse_scopes(options.scopes));
  key.tenant = options.tenant.empty() ? options.name : options.tenant;
  key.weight = options.weight;
  key.created_unix_s = now_unix_s();
  const auto lifetime = std::chrono::ceil<std::chrono::seconds>(options.expires_in);
  if (lifetime.count() > 0) key.expires_unix_s = key.created_unix_s + lifetime.count();
  key.hash = server::hash_of(set.salt, secret);
  return key;
}

std::string json_of(const ApiKey& key, bool expired) {
  std::string scopes;
  for (const server::KeyScope scope : server::kKeyScopes) {
    if (key.scopes.has(scope)) scopes += fmt::format("{}\"{}\"", scopes.empty() ? "" : ",", scope_name(scope));
  }
  const std::string expires = key.expires_unix_s == 0 ? "null" : fmt::format("{}", key.expires_unix_s);
  return fmt::format(
      "{{\"id\":\"{}\",\"name\":\"{}\",\"scopes\":[{}],\"tenant\":\"{}\",\"weight\":{},\"created_unix_s\":{},"
      "\"expires_unix_s\":{},\"expired\":{}}}",
      key.id, key.name, scopes, key.tenant, key.weight, key.created_unix_s, expires, expired);
}

Result<int> add(const Options& options, const std::string& path) {
  QUERN_CHECK(make_folder(options.keys_file, path));
  QUERN_TRY(const std::string secret, server::random_secret());
  ApiKey made;
  QUERN_CHECK(server::edit_key_file(path, [&](KeySet& set) -> Status {
    if (set.keys.size() >= server::kMaxKeys) {
      return fail(Errc::overloaded, "keys file {}: it holds {} keys, which is the most", path, set.keys.size());
    }
    QUERN_TRY(made, new_key(options.keys, set, secret));
    set.keys.push_back(made);
    return {};
  }));
  if (options.json) {
    std::string fields = json_of(made, false);
    fields.pop_back();
    fmt::print("{},\"key\":\"{}\"}}\n", fields, secret);
  } else {
    fmt::print("{}\n", secret);
    fmt::print(stderr, "key {} of {} is in {}; it is shown only now. A running server reads it at SIGHUP.\n", made.id,
               made.tenant, path);
  }
  return kExitOk;
}

Result<int> revoke(const Options& options, const std::string& path) {
  // Before anything of a file is made that is not there.
  QUERN_TRY(const KeySet now, server::read_key_file(path));
  static_cast<void>(now);
  QUERN_CHECK(server::edit_key_file(path, [&](KeySet& set) -> Status {
    const auto found = std::ranges::find(set.keys, options.keys.name, &ApiKey::id);
    if (found == set.keys.end()) {
      return fail(Errc::not_found, "keys file {}: no key has the id '{}'; `quern keys list` shows them", path,
                  options.keys.name);
    }
    set.keys.erase(found);
    return {};
  }));
  fmt::print(stderr, "key {} is revoked in {}. A running server refuses it from the next SIGHUP on.\n",
             options.keys.name, path);
  return kExitOk;
}

Result<int> list(const Options& options, const std::string& path) {
  QUERN_TRY(const KeySet set, server::read_key_file(path));
  const std::int64_t now = now_unix_s();
  if (options.json) {
    std::string rows;
    for (const ApiKey& key : set.keys) rows += (rows.empty() ? "" : ",") + json_of(key, key.expired(now));
    fmt::print("{{\"keys\":[{}]}}\n", rows);
    return kExitOk;
  }
  std::size_t name_width = 4, tenant_width = 6;
  for (const ApiKey& key : set.keys) {
    name_width = std::max(name_width, key.name.size());
    tenant_width = std::max(tenant_width, key.tenant.size());
  }
  const auto row = [&](std::string_view id, std::string_view name, std::string_view scopes, std::string_view tenant,
                       std::string_view weight, std::string_view created, std::string_view expires) {
    fmt::print("{:<9}  {:<{}}  {:<16}  {:<{}}  {:>6}  {:<20}  {}\n", id, name, name_width, scopes, tenant, tenant_width,
               weight, created, expires);
  };
  row("id", "name", "scopes", "tenant", "weight", "created", "expires");
  for (const ApiKey& key : set.keys) {
    row(key.id, key.name, scope_names(key.scopes), key.tenant, fmt::format("{}", key.weight), date(key.created_unix_s),
        date(key.expires_unix_s) + (key.expired(now) ? " (expired)" : ""));
  }
  return kExitOk;
}

}  // namespace

Result<int> keys(const Options& options) {
  const std::string path = keys_path(options.keys_file);
  if (path.empty()) return fail_field("--keys", "want a file, found none");
  if (options.keys.action == "add") return add(options, path);
  return options.keys.action == "revoke" ? revoke(options, path) : list(options, path);
}

}  // namespace quern::app
