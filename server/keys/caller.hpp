// Who sends a request, and whether it may. Over TCP, where the server has keys, a request needs one whose scopes grant
// its route's; the Unix socket's file says who may connect, so a key there only names the tenant. Threads: the
// connection's strand.
#pragma once

#include "server/connection.hpp"
#include "server/request_head.hpp"
#include "server/response.hpp"
#include "server/routes.hpp"
#include "server/server_state.hpp"
#include "server/tenant.hpp"

#include <optional>

namespace quern::server {

// Fills `caller`. A response: 401 (no key, one that is unknown or expired, several different ones) or 403 (a scope is
// missing).
std::optional<Response> identify(const RequestHead& head, const RouteMatch& match, const Connection& connection,
                                 const ServerState& state, Caller& caller);

}  // namespace quern::server
