#include "server/session.hpp"

#include "base/log.hpp"
#include "server/exchange.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/guarded.hpp"
#include "server/routes.hpp"

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <unistd.h>

namespace quern::server {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t kLingerBytes = 64u << 20;

// What ends with the session, however it ends.
class OpenGuard {
 public:
  OpenGuard(ServerState& state, const Connection& connection) : state_(state), connection_(connection) {}
  OpenGuard(const OpenGuard&) = delete;
  OpenGuard& operator=(const OpenGuard&) = delete;
  ~OpenGuard() { state_.remove(connection_); }

 private:
  ServerState& state_;
  const Connection& connection_;
};

class ActiveGuard {
 public:
  ActiveGuard(ServerState& state, Connection& connection) : state_(state), connection_(connection) {
    connection_.set_busy(true);
    state_.request_began();
  }
  ActiveGuard(const ActiveGuard&) = delete;
  ActiveGuard& operator=(const ActiveGuard&) = delete;
  ~ActiveGuard() {
    connection_.set_busy(false);
    state_.request_ended();
  }

 private:
  ServerState& state_;
  Connection& connection_;
};

// The answer to a request that could not be read; nothing when the peer is gone or silent and none can be given.
std::optional<Response> read_failure(const boost::system::error_code& error, const ServerLimits& limits) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return error_response(431, fmt::format("the request's header is longer than {} bytes", limits.max_header_bytes));
  }
  if (error == http::error::body_limit) {
    return error_response(413, fmt::format("the request's body is longer than {} bytes", limits.max_body_bytes));
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  const boost::system::error_code any_http_error = http::error::bad_target;
  if (error.category() != any_http_error.category()) return std::nullopt;
  return error_response(400, fmt::format("malformed HTTP: {}", error.message()));
}

Response preflight(const RequestHead& head, const std::string& allow) {
  Response response{.status = 204};
  response.headers.emplace_back("Allow", allow);
  if (!head.origin.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allow);
    if (!head.requested_headers.empty()) {
      response.headers.emplace_back("Access-Control-Allow-Headers", head.requested_headers);
    }
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

// What is refused by the head alone, before a body is read.
std::optional<Response> refuse_by_head(const RequestHead& head, const RouteMatch& match, const Connection& connection,
                                       const ServerState& state) {
  const bool tcp = connection.transport() == Transport::tcp;
  if (tcp && !state.access.host_allowed(head.host)) {
    return error_response(403, "Host: not a name of this server (see --allowed-hosts)", "host_not_allowed");
  }
  if (tcp && !head.origin.empty() && !state.access.origin_allowed(head.origin)) {
    return error_response(403, "Origin: pages from there may not use this server (see --allowed-origins)",
                          "origin_not_allowed");
  }
  if (match.allow.empty()) return error_response(404, "no such path", "not_found");
  if (head.method == http::verb::options) return preflight(head, match.allow);
  if (match.route == nullptr) {
    Response response = error_response(405, fmt::format("method not allowed here; use {}", match.allow));
    response.headers.emplace_back("Allow", match.allow);
    return response;
  }
  if (match.route->control && connection.peer() != ::geteuid() && connection.peer() != uid_t{0}) {
    return error_response(403, "the control socket serves only the user that runs this server, and root");
  }
  if (state.draining() && head.method == http::verb::post && !match.route->control) {
    return error_response(Error{Errc::draining, "shutting down: no new requests", {}});
  }
  if (match.route->takes_json && !is_json_type(head.content_type)) {
    return error_response(415, fmt::format("Content-Type: expected application/json, found {}; add the header "
                                           "'Content-Type: application/json'",
                                           head.content_type.empty() ? "none" : head.content_type.substr(0, 100)));
  }
  return std::nullopt;
}

// Reads the body into the parser. A response: what to answer instead. An error code in `gone`: nothing can be answered.
net::awaitable<std::optional<Response>> read_body(Connection& connection, ServerState& state, Parser& parser,
                                                  RequestMemory& memory, bool& gone) {
  connection.stream().expires_after(state.options.limits.body_timeout);
  while (!parser.is_done()) {
    auto read = co_await http::async_read_some(connection.stream(), connection.buffer(), parser, kTuple);
    const boost::system::error_code error = std::get<0>(read);
    if (error) {
      std::optional<Response> failure = read_failure(error, state.options.limits);
      gone = !failure;
      co_return failure;
    }
    const Status held = memory.hold_body(parser.get().body().size());
    if (!held) co_return error_response(held.error());
  }
  co_return std::nullopt;
}

// Answers one parsed head; reads the body where the route wants one. false: the connection has to close.
net::awaitable<bool> answer(Connection& connection, ServerState& state, Parser& parser) {
  const ActiveGuard active(state, connection);
  Result<RequestHead> head = read_head(parser.get());
  if (!head) {
    Exchange exchange(connection, state, RequestHead{.request_id = make_id("req-"), .keep_alive = false});
    Response refusal = error_response(head.error());
    co_await exchange.reply(std::move(refusal));
    co_return false;
  }
  const bool control_allowed = connection.transport() == Transport::unix_socket && state.options.control;
  RouteMatch match = find_route(head->path, head->method, control_allowed);
  const bool expects_continue = head->expects_continue;
  std::optional<Response> refusal = refuse_by_head(*head, match, connection, state);
  Exchange exchange(connection, state, std::move(*head));
  if (!refusal || refusal->status != 403) exchange.allow_origin();
  if (refusal) {
    // A body that nobody has read stands between this request and the next.
    if (!parser.is_done()) exchange.close_after();
    co_await exchange.reply(std::move(*refusal));
    co_return exchange.keep_alive();
  }
  if (!parser.is_done()) {
    if (expects_continue && connection.buffer().size() == 0) {
      const bool sent = co_await connection.write("HTTP/1.1 100 Continue\r\n\r\n", state.options.limits.write_timeout);
      if (!sent) co_return false;
    }
    bool gone = false;
    refusal = co_await read_body(connection, state, parser, *exchange.memory(), gone);
    if (gone) co_return false;
    if (refusal) {
      exchange.close_after();
      co_await exchange.reply(std::move(*refusal));
      co_return false;
    }
  }
  exchange.set_body(std::move(parser.get().body()));
  exchange.set_path_value(std::move(match.value));
  connection.stream().expires_never();
  co_await guarded(match.route->handler, exchange, state);
  co_await connection.unwatch();
  co_return exchange.replied() && exchange.keep_alive() && !connection.gone();
}

// One request. false: the connection has to close.
net::awaitable<bool> serve_one(Connection& connection, ServerState& state, bool first) {
  const ServerLimits& limits = state.options.limits;
  const bool has_data = co_await connection.wait_readable(first ? limits.header_timeout : limits.idle_timeout);
  if (!has_data) co_return false;
  Parser parser;
  parser.header_limit(limits.max_header_bytes);
  parser.body_limit(limits.max_body_bytes);
  connection.stream().expires_after(limits.header_timeout);
  auto read = co_await http::async_read_header(connection.stream(), connection.buffer(), parser, kTuple);
  const boost::system::error_code error = std::get<0>(read);
  if (!error) co_return co_await answer(connection, state, parser);
  std::optional<Response> refusal = read_failure(error, limits);
  if (refusal) {
    const ActiveGuard active(state, connection);
    Exchange exchange(connection, state, RequestHead{.request_id = make_id("req-"), .keep_alive = false});
    co_await exchange.reply(std::move(*refusal));
  }
  co_return false;
}

net::awaitable<void> run_session(std::shared_ptr<ServerState> state, std::shared_ptr<Connection> connection) {
  const OpenGuard open(*state, *connection);
  for (bool first = true; !state->draining() || state->n_active() > 0; first = false) {
    const bool next = co_await serve_one(*connection, *state, first);
    if (!next) break;
  }
  connection->set_busy(true);  // draining leaves the last bytes alone
  if (!connection->gone()) co_await connection->linger(kLingerBytes);
  connection->close();
}

// Too many connections: say so in one write, which a fresh socket takes at once, and go.
net::awaitable<void> refuse_session(std::shared_ptr<ServerState> state, std::shared_ptr<Connection> connection) {
  const Response response = error_response(503, "too many connections", "overloaded");
  state->count_response(response.status);
  const ReplyContext context{.keep_alive = false,
                             .now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())};
  const std::string bytes = serialize(response, context);
  const bool sent = co_await connection->write(bytes, std::chrono::seconds(1));
  if (sent) co_await connection->linger(std::size_t{64} << 10);
  connection->close();
}

// What is left of the connection goes with the session, the watch too, whatever ended it.
struct SessionEnd {
  std::shared_ptr<Connection> connection;
  void operator()(const std::exception_ptr& failure) const noexcept {
    LogFailure{"session"}(failure);
    if (failure) connection->give_up();
  }
};

}  // namespace

void start_session(const std::shared_ptr<ServerState>& state, Socket socket, Transport transport) {
  auto connection = std::make_shared<Connection>(std::move(socket), transport, state->options.limits.max_header_bytes);
  const net::any_io_executor executor = connection->stream().get_executor();
  if (state->add(connection)) {
    net::co_spawn(executor, run_session(state, connection), SessionEnd{connection});
  } else {
    net::co_spawn(executor, refuse_session(state, connection), SessionEnd{connection});
  }
}

}  // namespace quern::server
