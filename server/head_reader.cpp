#include "server/head_reader.hpp"

#include "server/head_scanner.hpp"
#include "server/http_error.hpp"
#include "server/peer_stream.hpp"
#include "server/request_head.hpp"

#include <utility>

#include <boost/beast/http/error.hpp>

namespace quern::server {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kReadBytes = 4096;

std::string_view buffered(Connection& connection) noexcept {
  const auto bytes = connection.buffer().data();
  return {static_cast<const char*>(bytes.data()), bytes.size()};
}

NoRequest refused(std::string_view head, Response answer) {
  const std::string_view id = request_id_in(head);
  return {.answer = std::move(answer), .request_id = id.empty() ? make_id("req-") : std::string(id)};
}

Response too_long(const ServerLimits& limits) {
  return error_response(431, fmt::format("the request's header is longer than {} bytes", limits.max_header_bytes));
}

// Drops empty lines; true: something of a request is there.
bool has_begun(Connection& connection, std::size_t& n_dropped) {
  const std::size_t n = empty_lines(buffered(connection));
  connection.buffer().consume(n);
  n_dropped += n;
  return connection.buffer().size() > 0;
}

// What the bytes so far are: no request, a whole head (in the parser then), or neither yet.
std::optional<NoRequest> parse(Connection& connection, const ServerLimits& limits, HeadScanner& scanner,
                               RequestParser& parser) {
  const std::string_view bytes = buffered(connection).substr(0, limits.max_header_bytes);
  switch (scanner.scan(bytes)) {
    case HeadScanner::Found::malformed:
      return refused(bytes, error_response(400, "malformed HTTP: " + scanner.problem()));
    case HeadScanner::Found::more:
      if (bytes.size() < limits.max_header_bytes) return std::nullopt;
      return refused(bytes, too_long(limits));
    case HeadScanner::Found::complete:
      break;
  }
  boost::system::error_code error;
  parser.put(net::const_buffer(bytes.data(), scanner.size()), error);
  if (!error && !parser.is_header_done()) error = http::error::bad_line_ending;
  if (error) return refused(bytes, http_failure(error, limits).value_or(error_response(400, error.message())));
  connection.buffer().consume(scanner.size());
  return std::nullopt;
}

}  // namespace

std::optional<Response> http_failure(const boost::system::error_code& error, const ServerLimits& limits) {
  if (error == http::error::header_limit) return too_long(limits);
  if (error == http::error::buffer_overflow) {
    return error_response(400, "malformed HTTP: a chunk's size or the fields behind the last one take too many bytes");
  }
  if (error == http::error::body_limit) {
    return error_response(413, fmt::format("the request's body is longer than {} bytes", limits.max_body_bytes));
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  const boost::system::error_code any_http_error = http::error::bad_target;
  if (error.category() != any_http_error.category()) return std::nullopt;
  return error_response(400, fmt::format("malformed HTTP: {}", error.message()));
}

net::awaitable<std::optional<NoRequest>> read_request_head(Connection& connection, const ServerLimits& limits,
                                                           RequestParser& parser, bool first) {
  std::size_t n_dropped = 0;
  while (!has_begun(connection, n_dropped)) {
    if (n_dropped > limits.max_header_bytes) co_return refused({}, too_long(limits));
    const bool has_data = co_await connection.wait_readable(first ? limits.header_timeout : limits.idle_timeout);
    if (!has_data) co_return NoRequest{};
  }
  parser.header_limit(limits.max_header_bytes);
  parser.body_limit(boost::none);  // the session looks at the length itself, once it knows who asks
  HeadScanner scanner;
  connection.stream().expires_after(limits.header_timeout);
  for (;;) {
    if (has_begun(connection, n_dropped) && buffered(connection) != "\r") {  // which may yet be another empty line
      std::optional<NoRequest> failure = parse(connection, limits, scanner, parser);
      if (failure || parser.is_header_done()) co_return failure;
    }
    const auto space = connection.buffer().prepare(kReadBytes);
    auto read = co_await connection.stream().async_read_some(space, kTuple);
    auto& [error, n_bytes] = read;
    if (error) co_return NoRequest{};
    connection.buffer().commit(n_bytes);
  }
}

}  // namespace quern::server
