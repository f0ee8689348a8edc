#include "server/keys/caller.hpp"

#include "server/http_error.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace quern::server {
namespace {

// Source: RFC 6750 3.
Response refuse_key(std::string_view message, std::string_view reason) {
  Response response = error_response(401, message, "invalid_api_key");
  std::string challenge = "Bearer realm=\"quern\"";
  if (!reason.empty()) challenge += fmt::format(", error=\"{}\"", reason);
  response.headers.emplace_back("WWW-Authenticate", std::move(challenge));
  return response;
}

Response refuse_scope(KeyScope needed, const ApiKey& key) {
  Response response = error_response(
      403,
      fmt::format("API key '{}': want the scope {}, found {}", key.name, scope_name(needed), scope_names(key.scopes)),
      "insufficient_scope");
  response.headers.emplace_back(
      "WWW-Authenticate",
      fmt::format("Bearer realm=\"quern\", error=\"insufficient_scope\", scope=\"{}\"", scope_name(needed)));
  return response;
}

std::int64_t now_unix_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The weight of a tenant is the largest of its keys'.
float weight_of(const KeySet& set, const std::string& tenant, std::int64_t now) {
  float weight = 0;
  for (const ApiKey& key : set.keys) {
    if (key.tenant == tenant && !key.expired(now)) weight = std::max(weight, key.weight);
  }
  return weight;
}

}  // namespace

std::optional<Response> identify(const RequestHead& head, const RouteMatch& match, const Connection& connection,
                                 const ServerState& state, Caller& caller) {
  caller = {.tenant = tenant_of(head.api_key, connection.peer())};
  const std::shared_ptr<const KeySet> set = state.keys ? state.keys->current() : nullptr;
  if (!set) return std::nullopt;
  const ApiKey* const key = head.keys_differ ? nullptr : find_key(*set, head.api_key);
  const std::int64_t now = now_unix_s();
  const bool good = key != nullptr && !key->expired(now);
  if (good) caller = {.tenant = key->tenant, .weight = weight_of(*set, key->tenant, now)};
  if (connection.transport() == Transport::unix_socket) return std::nullopt;
  const KeyScope needed = match.route == nullptr ? KeyScope::read : match.route->scope;
  // Browsers send no key with the question whether they may send one.
  if (needed == KeyScope::none || head.method == beast::http::verb::options) return std::nullopt;
  if (head.keys_differ) return refuse_key("API key: want one, found several different ones", "invalid_request");
  if (head.api_key.empty()) {
    return refuse_key("API key: missing; send 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'", "");
  }
  if (key == nullptr) return refuse_key("API key: not a key of this server", "invalid_token");
  if (!good) return refuse_key(fmt::format("API key '{}': it has expired", key->name), "invalid_token");
  if (!key->scopes.grants(needed)) return refuse_scope(needed, *key);
  return std::nullopt;
}

}  // namespace quern::server
