#include "server/session.hpp"

#include "base/log.hpp"
#include "server/exchange.hpp"
#include "server/head_reader.hpp"
#include "server/http_error.hpp"
#include "server/keys/caller.hpp"
#include "server/peer_stream.hpp"
#include "server/pipeline/guarded.hpp"
#include "server/routes.hpp"
#include "server/upload_body.hpp"

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace quern::server {
namespace {

namespace http = boost::beast::http;
using Parser = RequestParser;

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

class RefusalGuard {
 public:
  explicit RefusalGuard(ServerState& state) : state_(state) {}
  RefusalGuard(const RefusalGuard&) = delete;
  RefusalGuard& operator=(const RefusalGuard&) = delete;
  ~RefusalGuard() { state_.end_refusal(); }

 private:
  ServerState& state_;
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

// A row of the activity log for what works with models, whatever becomes of it.
class ActivityEnd {
 public:
  ActivityEnd(Exchange& exchange, const RouteMatch& match) : exchange_(exchange) {
    const Route* const route = match.route;
    if (route != nullptr && route->method == http::verb::post && !route->control)
      exchange.begin_activity(fmt::format("POST {}", route->pattern));
  }
  ActivityEnd(const ActivityEnd&) = delete;
  ActivityEnd& operator=(const ActivityEnd&) = delete;
  ~ActivityEnd() {
    try {
      exchange_.end_activity();
    } catch (const std::exception& e) {
      log::error("the activity log lacks a request: {}", e.what());
    }
  }

 private:
  Exchange& exchange_;
};

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

// The list of models is OpenAI's and Anthropic's at once; an error of it cannot be.
const Dialect& spoken(const RouteMatch& match, const RequestHead& head) noexcept {
  if (head.to_anthropic && head.path.starts_with("/v1/models")) return kAnthropic;
  return match.route != nullptr ? *match.route->dialect : dialect_of(head.path);
}

Response too_many_connections() {
  return error_response(503, "too many connections", "overloaded");
}

// A form or plain text is what a page may send anywhere without asking; JSON it may not. Programs may call it anything.
std::optional<Response> refuse_by_body_fields(const RequestHead& head, const Route& route) {
  if (!route.takes_json) return std::nullopt;
  if (!head.content_coding.empty()) {
    Response response = error_response(
        415, fmt::format("Content-Encoding: expected none, found {}; send the body as it is", head.content_coding));
    response.headers.emplace_back("Accept-Encoding", "identity");
    return response;
  }
  if (head.by_browser && !is_json_type(head.content_type)) {
    return error_response(415, fmt::format("Content-Type: expected application/json, found {}; add the header "
                                           "'Content-Type: application/json'",
                                           head.content_type.empty() ? "none" : head.content_type.substr(0, 100)));
  }
  return std::nullopt;
}

// What comes from a web page that may not use this server.
std::optional<Response> refuse_foreign(const RequestHead& head, const Connection& connection,
                                       const ServerState& state) {
  const bool tcp = connection.transport() == Transport::tcp;
  if (tcp && !state.access.host_allowed(head.host)) {
    return error_response(403, "Host: not a name of this server (see --allowed-hosts)", "host_not_allowed");
  }
  if (tcp && !head.origin.empty() && !state.access.origin_allowed(head.origin, head.host)) {
    return error_response(403, "Origin: pages from there may not use this server (see --allowed-origins)",
                          "origin_not_allowed");
  }
  return std::nullopt;
}

// What is refused by the head alone, before a body is read, once it is known who asks.
std::optional<Response> refuse_by_head(const RequestHead& head, const RouteMatch& match, const Connection& connection,
                                       const ServerState& state) {
  if (match.allow.empty()) return error_response(404, "no such path", "not_found");
  if (head.method == http::verb::options) return preflight(head, match.allow);
  if (match.route == nullptr) {
    Response response = error_response(405, fmt::format("method not allowed here; use {}", match.allow));
    response.headers.emplace_back("Allow", match.allow);
    return response;
  }
  const std::optional<uid_t> peer = connection.peer();
  if (match.route->control && peer && *peer != ::geteuid() && *peer != 0) {
    return error_response(403, "the control socket serves only the user that runs this server, and root");
  }
  if (connection.reserved() && !match.route->control && match.route->method != http::verb::get) {
    return too_many_connections();
  }
  if (state.draining() && head.method == http::verb::post && !match.route->control) {
    return error_response(Error{Errc::draining, "shutting down: no new requests", {}});
  }
  return refuse_by_body_fields(head, *match.route);
}

// Reads the body into the parser. A response: what to answer instead. An error code in `gone`: nothing can be answered.
net::awaitable<std::optional<Response>> read_body(Connection& connection, ServerState& state, Parser& parser,
                                                  RequestMemory& memory, bool& gone) {
  connection.stream().expires_after(state.options.limits.body_timeout);
  while (!parser.is_done()) {
    auto read = co_await http::async_read_some(connection.stream(), connection.buffer(), parser, kTuple);
    const boost::system::error_code error = std::get<0>(read);
    if (error) {
      std::optional<Response> failure = http_failure(error, state.options.limits);
      gone = !failure;
      co_return failure;
    }
    const Status held = memory.hold_body(parser.get().body().size());
    if (!held) co_return error_response(held.error());
  }
  co_return std::nullopt;
}

// Answers what is no request; the connection closes then.
net::awaitable<void> refuse(Connection& connection, ServerState& state, std::string request_id, Response response) {
  Exchange exchange(connection, state, RequestHead{.request_id = std::move(request_id), .keep_alive = false}, kOpenAi);
  co_await exchange.reply(std::move(response));
}

// Over TCP only where there are keys: one with the scope admin is then needed.
bool may_control(const Connection& connection, const ServerState& state) {
  if (!state.options.control) return false;
  return connection.transport() == Transport::unix_socket || (state.keys && state.keys->current());
}

// Answers one parsed head; reads the body where the route wants one. false: the connection has to close.
net::awaitable<bool> answer(Connection& connection, ServerState& state, Parser& parser) {
  const ActiveGuard active(state, connection);
  Result<RequestHead> head = read_head(parser.get());
  if (!head) {
    std::string id = request_id_of(parser.get());
    Response refusal = error_response(head.error());
    co_await refuse(connection, state, std::move(id), std::move(refusal));
    co_return false;
  }
  RouteMatch match = find_route(head->path, head->method, may_control(connection, state));
  const bool expects_continue = head->expects_continue;
  Caller caller;
  std::optional<Response> refusal = refuse_foreign(*head, connection, state);
  const bool foreign = refusal.has_value();
  if (!refusal) refusal = identify(*head, match, connection, state, caller);
  if (!refusal) refusal = refuse_by_head(*head, match, connection, state);
  const std::uint64_t max_body_bytes = state.options.limits.max_body_bytes;
  const bool streams_body = match.route != nullptr && match.route->streams_body;
  if (!refusal && !streams_body && parser.content_length().value_or(0) > max_body_bytes) {
    refusal = http_failure(http::error::body_limit, state.options.limits);
  }
  parser.body_limit(max_body_bytes);  // of chunks
  const Dialect& dialect = spoken(match, *head);
  Exchange exchange(connection, state, std::move(*head), dialect);
  exchange.set_caller(std::move(caller));
  if (!foreign) exchange.allow_origin();
  const ActivityEnd activity(exchange, match);
  if (connection.reserved()) exchange.close_after();  // for the next one who wants to look
  if (refusal) {
    // A body that nobody has read stands between this request and the next.
    if (!parser.is_done()) exchange.close_after();
    co_await exchange.reply(std::move(*refusal));
    co_return exchange.keep_alive();
  }
  std::optional<UploadBody> upload;
  if (!parser.is_done()) {
    if (expects_continue && connection.buffer().size() == 0) {
      const bool sent = co_await connection.write("HTTP/1.1 100 Continue\r\n\r\n", state.options.limits.read_pace());
      if (!sent) co_return false;
    }
    bool gone = false;
    if (!streams_body) refusal = co_await read_body(connection, state, parser, *exchange.memory(), gone);
    if (gone) co_return false;
    if (refusal) {
      exchange.close_after();
      co_await exchange.reply(std::move(*refusal));
      co_return false;
    }
  }
  if (streams_body) {
    exchange.set_upload(&upload.emplace(connection, state.options.limits, std::move(parser)));
  } else {
    exchange.set_body(std::move(parser.get().body()));
  }
  exchange.set_path_value(std::move(match.value));
  connection.stream().expires_never();
  co_await guarded(match.route->handler, exchange, state);
  co_await connection.unwatch();
  co_return exchange.replied() && exchange.keep_alive() && !connection.gone();
}

// One request. false: the connection has to close.
net::awaitable<bool> serve_one(Connection& connection, ServerState& state, bool first) {
  Parser parser;
  std::optional<NoRequest> none = co_await read_request_head(connection, state.options.limits, parser, first);
  if (!none) co_return co_await answer(connection, state, parser);
  if (none->answer) {
    const ActiveGuard active(state, connection);
    co_await refuse(connection, state, std::move(none->request_id), std::move(*none->answer));
  }
  co_return false;
}

net::awaitable<void> run_session(std::shared_ptr<ServerState> state, std::shared_ptr<Connection> connection) {
  const OpenGuard open(*state, *connection);
  if (connection->encrypted()) {
    const bool understood = co_await connection->handshake(state->options.limits.header_timeout);
    if (!understood) {
      connection->close();
      co_return;
    }
  }
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
  const RefusalGuard refusal(*state);
  Response response = too_many_connections();
  response.body = kOpenAi.error_body(*response.error);
  state->count_response(response.status);
  const std::string id = make_id("req-");
  const ReplyContext context{.keep_alive = false,
                             .request_id = id,
                             .now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())};
  const std::string bytes = serialize(response, context);
  const bool sent = co_await connection->write(bytes, {.window = std::chrono::seconds(1)});
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
  auto tls = transport == Transport::tcp && state->tls ? state->tls->current() : nullptr;
  auto connection = std::make_shared<Connection>(std::move(socket), transport, state->options.limits.max_header_bytes,
                                                 std::move(tls));
  const net::any_io_executor executor = connection->get_executor();
  const ServerState::Place place = state->add(connection);
  if (place != ServerState::Place::none) {
    connection->set_reserved(place == ServerState::Place::reserved);
    net::co_spawn(executor, run_session(state, connection), SessionEnd{connection});
  } else if (connection->encrypted()) {
    connection->close();  // a handshake is what there is no room for
  } else if (state->begin_refusal()) {
    net::co_spawn(executor, refuse_session(state, connection), SessionEnd{connection});
  }
}

}  // namespace quern::server
