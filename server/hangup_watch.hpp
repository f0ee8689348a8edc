// Tells when the peer of a socket has closed its sending side, or all of it, also while there are bytes that nobody has
// read: what stands before the end of a byte stream hides it from reads, and Asio waits for readable and writable only.
// Threads: one (the connection's strand). Ownership: a descriptor of its own; the socket stays the caller's and must be
// open when it is created. Linux: an epoll instance that knows EPOLLRDHUP alone.
#pragma once

#include "server/asio.hpp"

#include <optional>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace quern::server {

class HangupWatch {
 public:
  // Empty: the system has no descriptor left.
  static std::optional<HangupWatch> create(const net::any_io_executor& executor, int socket);

  // false: cancelled.
  net::awaitable<bool> wait();
  void cancel() noexcept;

 private:
  explicit HangupWatch(net::posix::stream_descriptor epoll) : epoll_(std::move(epoll)) {}
  net::posix::stream_descriptor epoll_;
};

}  // namespace quern::server
