// The bytes of one connection to a server, as they are or through TLS. Threads: one at a time; one read and one write
// may be under way together. Ownership: the socket and the TLS state.
#pragma once

#include "net/asio.hpp"
#include "net/tls_context.hpp"

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace quern::net {

class ByteStream {
 public:
  using executor_type = PlainStream::executor_type;
  using IoSignature = void(ErrorCode, std::size_t);
  template <class Token>
  using IoResult = typename asio::async_result<std::decay_t<Token>, IoSignature>::return_type;

  explicit ByteStream(asio::any_io_executor executor) : plain_(std::move(executor)) {}
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  executor_type get_executor() noexcept { return plain_.get_executor(); }
  PlainStream& plain() noexcept { return plain_; }
  bool encrypted() const noexcept { return tls_.has_value(); }
  void close() { plain_.close(); }  // what runs ends with an error

  // From here on through TLS. Errors in words: not trusted, made out to somebody else, no TLS at all.
  asio::awaitable<Status> handshake(std::shared_ptr<TlsContext> context, std::string host);

  // Whether a connection on which nothing is expected is still there, and silent.
  bool idle_and_open() noexcept;

  template <class Buffers, class Token>
  IoResult<Token> async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, IoSignature>(
        [this](auto handler, const Buffers& into) {
          if (tls_) {
            tls_->async_read_some(into, std::move(handler));
          } else {
            plain_.async_read_some(into, std::move(handler));
          }
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  IoResult<Token> async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, IoSignature>(
        [this](auto handler, const Buffers& from) {
          if (tls_) {
            tls_->async_write_some(from, std::move(handler));
          } else {
            plain_.async_write_some(from, std::move(handler));
          }
        },
        token, buffers);
  }

 private:
  PlainStream plain_;
  std::shared_ptr<TlsContext> context_;
  std::optional<asio::ssl::stream<PlainStream&>> tls_;
};

// What went wrong with a socket, in words.
std::string words_of(const ErrorCode& error);

}  // namespace quern::net
