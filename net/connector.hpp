// From an address to a connection that is ready for a request: the name looked up, each of its addresses tried until
// one answers, a tunnel through a proxy where there is one, TLS. Threads: one at a time; looking up names happens on
// Asio's own thread.
#pragma once

#include "net/abort_switch.hpp"
#include "net/http_connection.hpp"
#include "net/proxy.hpp"
#include "net/tls_context.hpp"
#include "net/url.hpp"

#include <memory>
#include <string>

namespace quern::net {

struct ConnectPlan {
  Url url;
  std::string unix_socket;          // instead of the host; empty: TCP
  const Url* proxy = nullptr;       // outlives the connecting
  std::shared_ptr<TlsContext> tls;  // of https
  Duration time_limit = {};         // for all of it
  std::size_t buffer_bytes = 0;     // of the connection
};

// Errors: io, naming the origin, what was tried and what came of it; cancelled. REQUIRES: `abort` lives on meanwhile.
asio::awaitable<Result<std::unique_ptr<HttpConnection>>> open_connection(asio::any_io_executor executor,
                                                                         ConnectPlan plan, AbortSwitch& abort);

}  // namespace quern::net
