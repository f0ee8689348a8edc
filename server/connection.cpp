#include "server/connection.hpp"

#include "server/peer_stream.hpp"
#include "server/pipeline/guarded.hpp"
#include "server/unix_socket.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace quern::server {
namespace {

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kMaxUnparsedBytes = 128u << 10;
constexpr std::chrono::seconds kLingerTime{1};
constexpr std::size_t kMaxDiscarded = 4u << 20;
constexpr std::size_t kMaxPlainBytes = 64u << 10;
constexpr std::chrono::milliseconds kCancelAgain{20};
// A TLS record is taken as a whole, so it must be small for a reader that is slow, but not too slow (ReadPace).
constexpr std::size_t kMinRecord = 1024, kMaxRecord = 16 * 1024;

}  // namespace

Connection::Connection(Socket socket, Transport transport, std::size_t read_ahead_bytes,
                       std::shared_ptr<net::ssl::context> tls)
    : stream_(std::make_unique<PeerStream>(std::move(socket), std::move(tls))),
      executor_(stream_->get_executor()),
      transport_(transport),
      encrypted_(stream_->encrypted()),
      read_ahead_bytes_(read_ahead_bytes),
      watch_ended_(executor_) {
  // Bounds what a body's chunk header or trailer may take; nothing else comes near it.
  buffer_.max_size(read_ahead_bytes + kMaxUnparsedBytes);
  if (transport_ == Transport::unix_socket) peer_ = peer_uid(stream_->native_handle());
}

Connection::~Connection() = default;

net::awaitable<bool> Connection::handshake(std::chrono::milliseconds timeout) {
  stream_->expires_after(timeout);
  const PeerStream::Handshake found = co_await stream_->handshake();
  if (found == PeerStream::Handshake::plain_http) co_await refuse_plain_http();
  co_return found == PeerStream::Handshake::done && !gone_;
}

net::awaitable<void> Connection::refuse_plain_http() {
  static constexpr std::string_view kAnswer =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 48\r\n\r\n"
      "this port speaks TLS: the URL begins with https\n";
  const net::const_buffer bytes(kAnswer.data(), kAnswer.size());
  stream_->expires_after(kLingerTime);
  auto written = co_await stream_->plain().async_write_some(bytes, kTuple);  // a fresh socket takes it at once
  if (std::get<0>(written)) co_return;
  stream_->shut_down_sending();
  co_await discard(kMaxPlainBytes);
}

net::awaitable<bool> Connection::wait_readable(std::chrono::milliseconds timeout) {
  if (buffer_.size() > 0) co_return true;
  if (gone_) co_return false;
  stream_->expires_after(timeout);
  const auto space = buffer_.prepare(kReadBytes);
  auto read = co_await stream_->async_read_some(space, kTuple);
  auto& [error, n_bytes] = read;
  if (error) co_return false;
  buffer_.commit(n_bytes);
  co_return true;
}

net::awaitable<bool> Connection::write(std::string_view bytes, ReadPaceLimits limits) {
  while (!bytes.empty() && !gone_) {
    const auto begun = std::chrono::steady_clock::now();
    stream_->expires_after(read_pace_.patience(limits));
    const std::size_t record = std::clamp(limits.min_bytes, kMinRecord, kMaxRecord);
    const net::const_buffer piece(bytes.data(), encrypted_ ? std::min(bytes.size(), record) : bytes.size());
    auto written = co_await stream_->async_write_some(piece, kTuple);
    auto& [error, n_bytes] = written;
    if (error) {
      peer_left();
      break;
    }
    read_pace_.took(n_bytes, std::chrono::steady_clock::now() - begun, limits);
    bytes.remove_prefix(n_bytes);
  }
  co_return !gone_;
}

void Connection::watch(std::function<void()> on_gone) {
  on_gone_ = std::move(on_gone);
  if (gone_) return peer_left();
  if (watching_) return;
  watching_ = true;
  stop_watch_ = false;
  net::co_spawn(executor_, watch_loop(shared_from_this()), LogFailure("watching a connection"));
}

// However the loop ends: unwatch() waits for it.
class Connection::WatchEnd {
 public:
  explicit WatchEnd(Connection& connection) : connection_(connection) {}
  WatchEnd(const WatchEnd&) = delete;
  WatchEnd& operator=(const WatchEnd&) = delete;
  ~WatchEnd() {
    connection_.watching_ = false;
    connection_.watch_ended_.cancel();
  }

 private:
  Connection& connection_;
};

net::awaitable<void> Connection::watch_loop(std::shared_ptr<Connection> self) {
  const WatchEnd end(*self);
  while (!self->stop_watch_ && !self->gone_ && self->n_discarded_ < kMaxDiscarded) {
    const bool full = self->buffer_.size() >= self->read_ahead_bytes_;
    self->stream_->expires_never();  // the read side only: a write in progress keeps its own time
    const auto space = self->buffer_.prepare(kReadBytes);
    auto read = co_await self->stream_->async_read_some(space, kTuple);
    auto& [error, n_bytes] = read;
    if (full) {
      self->n_discarded_ += n_bytes;
    } else {
      self->buffer_.commit(n_bytes);
    }
    if (error && !self->stop_watch_) self->peer_left();
    if (error) break;
  }
  if (!self->stop_watch_ && !self->gone_) co_await self->wait_for_hangup();
}

net::awaitable<void> Connection::wait_for_hangup() {
  hangup_ = HangupWatch::create(executor_, stream_->native_handle());
  if (!hangup_) co_return;  // no descriptor left: only a write will tell
  const bool left = co_await hangup_->wait();
  hangup_.reset();
  if (left && !stop_watch_) peer_left();
}

net::awaitable<void> Connection::unwatch() {
  on_gone_ = nullptr;
  stop_watch_ = true;
  if (hangup_) hangup_->cancel();
  while (watching_) {
    // Again: a TLS stream that has just got a part of a record goes on to read the rest.
    stream_->cancel();
    watch_ended_.expires_after(kCancelAgain);
    [[maybe_unused]] auto woken = co_await watch_ended_.async_wait(kTuple);
  }
}

void Connection::peer_left() {
  gone_ = true;
  // Moved out first: what it calls may end in unwatch().
  if (const std::function<void()> on_gone = std::exchange(on_gone_, nullptr)) on_gone();
}

net::awaitable<void> Connection::linger(std::size_t max_bytes) {
  stream_->expires_after(kLingerTime);
  co_await stream_->end_sending();
  co_await discard(max_bytes);
}

net::awaitable<void> Connection::discard(std::size_t max_bytes) {
  boost::system::error_code error;
  buffer_.clear();
  for (std::size_t n_read = 0; !error && !gone_ && n_read < max_bytes;) {
    const auto space = buffer_.prepare(kReadBytes * 16);
    auto read = co_await stream_->plain().async_read_some(space, kTuple);
    error = std::get<0>(read);
    n_read += std::get<1>(read);
  }
}

void Connection::close() noexcept {
  gone_ = true;
  if (hangup_) hangup_->cancel();
  stream_->close();
}

void Connection::give_up() noexcept {
  peer_left();
  close();
}

void Connection::close_if_idle() {
  net::post(executor_, [self = shared_from_this()] {
    if (!self->busy_) self->close();
  });
}

void Connection::abort() {
  net::post(executor_, [self = shared_from_this()] { self->give_up(); });
}

}  // namespace quern::server
