#include "server/peer_stream.hpp"

#include <cctype>

#include <boost/asio/buffer.hpp>

namespace quern::server {
namespace {

constexpr unsigned char kHandshakeRecord = 0x16;  // RFC 8446 5.1

}  // namespace

net::awaitable<PeerStream::Handshake> PeerStream::handshake() {
  unsigned char first = 0;
  const net::mutable_buffer space(&first, 1);
  auto read = co_await plain_.async_read_some(space, kTuple);
  if (std::get<0>(read)) co_return Handshake::failed;
  if (first != kHandshakeRecord) co_return std::isalpha(first) != 0 ? Handshake::plain_http : Handshake::failed;
  const net::const_buffer known(&first, 1);
  auto shaken = co_await tls_->async_handshake(net::ssl::stream_base::server, known, kTuple);
  co_return std::get<0>(shaken) ? Handshake::failed : Handshake::done;
}

net::awaitable<void> PeerStream::end_sending() {
  if (tls_) {
    [[maybe_unused]] auto ended = co_await tls_->async_shutdown(kTuple);
  }
  shut_down_sending();
}

void PeerStream::shut_down_sending() noexcept {
  boost::system::error_code ignored;
  plain_.socket().shutdown(net::socket_base::shutdown_send, ignored);
}

}  // namespace quern::server
