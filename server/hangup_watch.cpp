#include "server/hangup_watch.hpp"

#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

namespace quern::server {

std::optional<HangupWatch> HangupWatch::create(const net::any_io_executor& executor, int socket) {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return std::nullopt;
  epoll_event wanted{};
  wanted.events = EPOLLRDHUP;  // EPOLLHUP and EPOLLERR come without being asked for
  net::posix::stream_descriptor epoll(executor);
  boost::system::error_code error;
  if (::epoll_ctl(fd, EPOLL_CTL_ADD, socket, &wanted) == 0) epoll.assign(fd, error);
  if (epoll.is_open()) return HangupWatch(std::move(epoll));
  ::close(fd);
  return std::nullopt;
}

net::awaitable<bool> HangupWatch::wait() {
  auto waited = co_await epoll_.async_wait(net::posix::stream_descriptor::wait_read, kTuple);
  co_return !std::get<0>(waited);
}

void HangupWatch::cancel() noexcept {
  boost::system::error_code ignored;
  epoll_.cancel(ignored);
}

}  // namespace quern::server
