#include "net/byte_stream.hpp"

#include <cerrno>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <openssl/err.h>
#include <sys/socket.h>

namespace quern::net {

asio::awaitable<Status> ByteStream::handshake(std::shared_ptr<TlsContext> context, std::string host) {
  context_ = std::move(context);
  tls_.emplace(plain_, *context_);
  SSL* const raw = tls_->native_handle();
  if (Status expected = expect_host(raw, host); !expected) co_return expected;
  auto shaken = co_await tls_->async_handshake(asio::ssl::stream_base::client, kTuple);
  const ErrorCode& error = std::get<0>(shaken);
  if (!error) co_return Status();
  const std::string fault = certificate_fault(raw);
  ::ERR_clear_error();
  if (!fault.empty()) co_return fail(Errc::io, "its certificate is not trusted: {}", fault);
  co_return fail(Errc::io, "no TLS connection: {}", words_of(error));
}

bool ByteStream::idle_and_open() noexcept {
  char byte = 0;
  const ssize_t n = ::recv(plain_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  // Behind TLS what comes unasked is a record of its own, such as a new session ticket; a goodbye is one, too, and is
  // found out by who uses the connection next.
  return n > 0 && tls_.has_value();
}

std::string words_of(const ErrorCode& error) {
  if (error == beast::error::timeout) return "nothing came in time";
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) return "it closed the connection";
  return error.message();
}

}  // namespace quern::net
