// Reads one request's head from a connection. Threads: the connection's strand.
#pragma once

#include "server/connection.hpp"
#include "server/response.hpp"
#include "server/server.hpp"

#include <optional>
#include <string>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace quern::server {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// Why there is no request.
struct NoRequest {
  std::optional<Response> answer;  // none: the peer is gone or silent, and the connection just closes
  std::string request_id;          // for the answer: the client's own where it could be read
};

// Waits for a request, drops empty lines before it, and gives its head to the parser; what follows stays in the
// connection's buffer. `first`: of the connection, which has less time to begin. Nothing: the parser has the head.
net::awaitable<std::optional<NoRequest>> read_request_head(Connection& connection, const ServerLimits& limits,
                                                           RequestParser& parser, bool first);

// The answer to bytes that are no HTTP. Nothing: the error is the peer's silence or its end.
std::optional<Response> http_failure(const boost::system::error_code& error, const ServerLimits& limits);

}  // namespace quern::server
