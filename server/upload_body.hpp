// The body of a request that is larger than memory should hold: read piece by piece, by the endpoint that wants it.
// Nothing else may read from the connection meanwhile: no on_disconnect(). Threads: the connection's strand. Ownership:
// the session's, for the time of one request.
#pragma once

#include "base/result.hpp"
#include "server/connection.hpp"
#include "server/head_reader.hpp"
#include "server/server.hpp"

#include <cstdint>
#include <optional>
#include <span>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace quern::server {

class UploadBody {
 public:
  // parser: has the head, and nothing of the body.
  UploadBody(Connection& connection, const ServerLimits& limits, RequestParser&& parser);
  UploadBody(const UploadBody&) = delete;
  UploadBody& operator=(const UploadBody&) = delete;

  std::optional<std::uint64_t> size() const;  // where the head says it
  bool ended() const { return parser_.is_done(); }
  // Fills `into`, unless the body ends before; 0: it has ended. Each piece has the body's time limit. Errors:
  // bad_input: no HTTP; cancelled: the client left, or sent nothing for too long.
  net::awaitable<Result<std::size_t>> read(std::span<char> into);

 private:
  Connection& connection_;
  const ServerLimits& limits_;
  boost::beast::http::request_parser<boost::beast::http::buffer_body> parser_;
};

}  // namespace quern::server
