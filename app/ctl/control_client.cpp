#include "app/ctl/control_client.hpp"

#include <exception>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace quern::app {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Stream = beast::basic_stream<net::local::stream_protocol>;

constexpr std::uint64_t kMaxBody = 16ull << 20;
constexpr auto kAwait = net::as_tuple(net::use_awaitable);

Error failed(const std::string& socket_path, const char* what, const boost::system::error_code& ec) {
  return fail(Errc::io, "{}: {}: {}", socket_path, what, ec.message());
}

net::awaitable<Result<ControlReply>> exchange(const std::string& socket_path, const std::string& method,
                                              const std::string& target, std::chrono::milliseconds timeout,
                                              std::string body) {
  const auto executor = co_await net::this_coro::executor;
  Stream stream(executor);
  stream.expires_after(timeout);
  const net::local::stream_protocol::endpoint endpoint(socket_path);
  const auto connected = co_await stream.async_connect(endpoint, kAwait);
  if (std::get<0>(connected)) co_return failed(socket_path, "no server answers", std::get<0>(connected));

  http::request<http::string_body> request(http::string_to_verb(method), target, 11);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = std::move(body);
  request.set(http::field::host, "quern");
  request.set(http::field::user_agent, "quern-ctl");
  request.set(http::field::connection, "close");
  request.prepare_payload();
  const auto written = co_await http::async_write(stream, request, kAwait);
  if (std::get<0>(written)) co_return failed(socket_path, "the request could not be sent", std::get<0>(written));

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxBody);
  const auto read = co_await http::async_read(stream, buffer, parser, kAwait);
  if (std::get<0>(read)) co_return failed(socket_path, "no valid reply", std::get<0>(read));
  co_return ControlReply{parser.get().result_int(), std::move(parser.get().body())};
}

}  // namespace

Result<ControlReply> ask_server(const std::string& socket_path, const std::string& method, const std::string& target,
                                std::chrono::milliseconds timeout, std::string body) {
  net::io_context io(1);
  Result<ControlReply> out = fail(Errc::io, "{}: no reply", socket_path);
  std::exception_ptr thrown;
  net::co_spawn(io, exchange(socket_path, method, target, timeout, std::move(body)),
                [&out, &thrown](std::exception_ptr e, Result<ControlReply> result) {
                  thrown = e;
                  if (!e) out = std::move(result);
                });
  io.run();
  if (thrown) return fail(Errc::io, "{}: not a usable socket path", socket_path);
  return out;
}

}  // namespace quern::app
