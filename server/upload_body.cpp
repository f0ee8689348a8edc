#include "server/upload_body.hpp"

#include "server/peer_stream.hpp"

#include <utility>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

namespace quern::server {

namespace http = boost::beast::http;

UploadBody::UploadBody(Connection& connection, const ServerLimits& limits, RequestParser&& parser)
    : connection_(connection), limits_(limits), parser_(std::move(parser)) {
  parser_.body_limit(boost::none);
}

std::optional<std::uint64_t> UploadBody::size() const {
  const auto length = parser_.content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

net::awaitable<Result<std::size_t>> UploadBody::read(std::span<char> into) {
  connection_.stream().expires_after(limits_.body_timeout);
  http::buffer_body::value_type& body = parser_.get().body();
  body.data = into.data();
  body.size = into.size();
  while (body.size > 0 && !parser_.is_done()) {
    auto read = co_await http::async_read_some(connection_.stream(), connection_.buffer(), parser_, kTuple);
    const boost::system::error_code error = std::get<0>(read);
    if (!error || error == http::error::need_buffer) continue;
    const std::optional<Response> failure = http_failure(error, limits_);
    connection_.stream().expires_never();
    if (failure) co_return fail(Errc::bad_input, "{}", failure->error->message);
    co_return fail(Errc::cancelled, "the client left before the end of what it sent");
  }
  connection_.stream().expires_never();
  co_return into.size() - body.size;
}

}  // namespace quern::server
