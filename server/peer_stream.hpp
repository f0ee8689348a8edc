// The bytes of one connection, as they are or through TLS: what the HTTP code reads from and writes to. Times and
// cancelling are those of the socket below in both cases. Threads: one at a time (the connection's strand); one read
// and one write may be under way together. Ownership: the socket and the TLS state.
#pragma once

#include "server/asio.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace quern::server {

class PeerStream {
 public:
  using executor_type = PlainStream::executor_type;
  using IoSignature = void(boost::system::error_code, std::size_t);
  template <class Token>
  using IoResult = typename net::async_result<std::decay_t<Token>, IoSignature>::return_type;

  // No context: plain.
  PeerStream(Socket socket, std::shared_ptr<net::ssl::context> context) : plain_(std::move(socket)) {
    if (!context) return;
    context_ = std::move(context);
    tls_.emplace(plain_, *context_);
  }
  PeerStream(const PeerStream&) = delete;
  PeerStream& operator=(const PeerStream&) = delete;

  bool encrypted() const noexcept { return tls_.has_value(); }
  executor_type get_executor() noexcept { return plain_.get_executor(); }
  int native_handle() noexcept { return plain_.socket().native_handle(); }
  // What runs from now on ends (and the socket with it) when the time is over.
  void expires_after(std::chrono::steady_clock::duration time) { plain_.expires_after(time); }
  void expires_never() { plain_.expires_never(); }
  void cancel() { plain_.cancel(); }
  void close() { plain_.close(); }

  // TLS: expects a handshake from the peer. The first byte shows what the peer speaks.
  enum class Handshake : std::uint8_t { done, failed, plain_http };
  net::awaitable<Handshake> handshake();
  // Says that nothing more will be sent. TLS: waits for the peer to say the same.
  net::awaitable<void> end_sending();
  void shut_down_sending() noexcept;  // of the socket, whatever TLS thinks
  // What is below TLS, for bytes that nobody needs to understand.
  PlainStream& plain() noexcept { return plain_; }

  template <class Buffers, class Token>
  IoResult<Token> async_read_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, IoSignature>(
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
    return net::async_initiate<Token, IoSignature>(
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
  std::shared_ptr<net::ssl::context> context_;  // that the connection began with
  std::optional<net::ssl::stream<PlainStream&>> tls_;
};

}  // namespace quern::server
