// The list of endpoints, and finding one for a path and method. Threads: const data, pure functions.
#pragma once

#include "server/exchange.hpp"
#include "server/keys/key_scope.hpp"
#include "server/server_state.hpp"

#include <span>
#include <string>
#include <string_view>

#include <boost/beast/http/verb.hpp>

namespace quern::server {

// Answers the exchange. On return without a reply the connection is closed (the peer has left).
using Handler = net::awaitable<void> (*)(Exchange&, ServerState&);

struct Route {
  constexpr Route(const Dialect& of, beast::http::verb by, std::string_view path, Handler to, bool json = false,
                  bool for_control = false) noexcept
      : dialect(&of),
        method(by),
        pattern(path),
        handler(to),
        takes_json(json),
        control(for_control),
        scope(usual_scope(by, for_control)) {}

  // Looking is a GET, computing a POST; what is otherwise says so in the table.
  static constexpr KeyScope usual_scope(beast::http::verb by, bool for_control) noexcept {
    if (for_control) return KeyScope::admin;
    if (by == beast::http::verb::get) return KeyScope::read;
    return by == beast::http::verb::post ? KeyScope::infer : KeyScope::admin;
  }
  // Its body is not in memory when the handler is called: Exchange::upload().
  constexpr Route uploads() const noexcept {
    Route out = *this;
    out.streams_body = true;
    return out;
  }
  constexpr Route needs(KeyScope other) const noexcept {
    Route out = *this;
    out.scope = other;
    return out;
  }

  const Dialect* dialect;
  beast::http::verb method;
  std::string_view pattern;  // "{id}" stands for one segment, "{path}" at the end for the rest
  Handler handler;
  bool takes_json;  // needs a body with Content-Type: application/json
  bool control;     // on the Unix socket only for our own user and root, over TCP only with a key
  KeyScope scope;   // that a key needs, where the server has keys
  bool streams_body = false;
};

std::span<const Route> routes() noexcept;

struct RouteMatch {
  const Route* route = nullptr;  // nullptr: no such path, or another method
  std::string value;             // of {id} or {path}
  std::string allow;             // methods of the path, for Allow; empty: no such path
};

// HEAD finds the route of GET.
RouteMatch find_route(std::string_view path, beast::http::verb method, bool control_allowed);

}  // namespace quern::server
