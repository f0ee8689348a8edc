// One accepted connection: the socket, the bytes read ahead, who is at the other end, and whether they are still there.
// Threads: its strand; abort() and close_if_idle() from any thread. Ownership: shared by the session that serves it,
// the registry of open connections and the watch.
#pragma once

#include "server/asio.hpp"
#include "server/hangup_watch.hpp"
#include "server/read_pace.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <boost/asio/steady_timer.hpp>
#include <sys/types.h>

namespace boost::asio::ssl {
class context;
}

namespace quern::server {

enum class Transport : std::uint8_t { tcp, unix_socket };

class PeerStream;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // read_ahead_bytes: what is read of pipelined requests while one is being answered. tls: it speaks TLS by it.
  Connection(Socket socket, Transport transport, std::size_t read_ahead_bytes,
             std::shared_ptr<net::ssl::context> tls = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  PeerStream& stream() noexcept { return *stream_; }
  net::any_io_executor get_executor() noexcept { return executor_; }
  beast::flat_buffer& buffer() noexcept { return buffer_; }
  Transport transport() const noexcept { return transport_; }
  bool encrypted() const noexcept { return encrypted_; }
  std::optional<uid_t> peer() const noexcept { return peer_; }  // Unix sockets only
  bool gone() const noexcept { return gone_; }
  // On a reserved place: for looking and steering only. Set before it is served.
  bool reserved() const noexcept { return reserved_; }
  void set_reserved(bool reserved) noexcept { reserved_ = reserved; }

  // Of an encrypted one, before all else. false: the peer speaks no TLS (if it speaks HTTP, it was told), or not in
  // time.
  net::awaitable<bool> handshake(std::chrono::milliseconds timeout);

  // Waits for the first byte of a request, unless one is buffered. false: none came in time, or the peer left.
  net::awaitable<bool> wait_readable(std::chrono::milliseconds timeout);

  // Writes everything; a peer that takes less than the limits say is dropped (ReadPace, over all writes of the
  // connection). false: the peer is gone. The bytes must live until the end.
  net::awaitable<bool> write(std::string_view bytes, ReadPaceLimits limits);

  // Calls on_gone as soon as the peer has closed its end, also when nothing is being written (a request that waits in
  // the queue), and behind bytes that nobody has read: it reads ahead, and what comes beyond read_ahead_bytes it throws
  // away (overrun()): a full receive window would hold back the end. After kMaxDiscarded it waits for a hang-up alone.
  // A half-closed connection counts as closed, as in other servers. Called at once if the peer has left already.
  void watch(std::function<void()> on_gone);
  void forget_watcher() noexcept { on_gone_ = nullptr; }  // what it refers to may go now
  // Pipelined requests were cut: no further one can be served.
  bool overrun() const noexcept { return n_discarded_ > 0; }
  // Ends the watch: after it, the session may read again.
  net::awaitable<void> unwatch();

  // Closes so that the peer still gets the last response: half-close, then discard what it is still sending, for at
  // most a second and max_bytes. Closing with unread bytes would reset the connection and may destroy the response.
  net::awaitable<void> linger(std::size_t max_bytes);
  void close() noexcept;
  void give_up() noexcept;  // as if the peer had left

  // For draining. Busy: between the first byte of a request and the end of its response.
  void set_busy(bool busy) noexcept { busy_ = busy; }
  void close_if_idle();
  void abort();

 private:
  class WatchEnd;
  static net::awaitable<void> watch_loop(std::shared_ptr<Connection> self);
  net::awaitable<void> wait_for_hangup();
  void peer_left();
  net::awaitable<void> refuse_plain_http();
  net::awaitable<void> discard(std::size_t max_bytes);

  const std::unique_ptr<PeerStream> stream_;
  const net::any_io_executor executor_;
  beast::flat_buffer buffer_;
  const Transport transport_;
  const bool encrypted_;
  const std::size_t read_ahead_bytes_;
  std::optional<uid_t> peer_;
  std::function<void()> on_gone_;
  ReadPace read_pace_;
  net::steady_timer watch_ended_;
  std::optional<HangupWatch> hangup_;  // while there are unread bytes beyond read_ahead_bytes_
  std::size_t n_discarded_ = 0;
  bool watching_ = false;
  bool stop_watch_ = false;
  bool gone_ = false;
  bool busy_ = false;
  bool reserved_ = false;
};

}  // namespace quern::server
