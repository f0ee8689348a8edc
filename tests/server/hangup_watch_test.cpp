#include "server/hangup_watch.hpp"

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace quern::server {
namespace {

net::awaitable<void> watch(HangupWatch& hangup, std::optional<bool>& left) {
  const bool seen = co_await hangup.wait();
  left = seen;
}

struct Pair {
  Pair() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    hangup = HangupWatch::create(io.get_executor(), fds[0]);
    EXPECT_TRUE(hangup);
    net::co_spawn(io, watch(*hangup, left), net::detached);
    io.poll();
  }
  ~Pair() {
    ::close(fds[0]);
    if (fds[1] >= 0) ::close(fds[1]);
  }
  void send() { EXPECT_EQ(::send(fds[1], "unread", 6, 0), 6); }

  net::io_context io;
  int fds[2] = {-1, -1};
  std::optional<HangupWatch> hangup;
  std::optional<bool> left;
};

TEST(HangupWatch, SeesTheEndBehindUnreadBytes) {
  for (const bool whole : {true, false}) {
    Pair pair;
    pair.send();
    pair.io.poll();
    EXPECT_FALSE(pair.left) << "bytes alone are no end";
    if (whole) {
      ::close(std::exchange(pair.fds[1], -1));
    } else {
      ::shutdown(pair.fds[1], SHUT_WR);
    }
    pair.io.run();
    EXPECT_EQ(pair.left, true);
  }
}

TEST(HangupWatch, SeesAnEndThatCameBeforeIt) {
  Pair pair;
  pair.hangup->cancel();
  pair.io.run();
  pair.send();
  ::shutdown(pair.fds[1], SHUT_WR);
  auto late = HangupWatch::create(pair.io.get_executor(), pair.fds[0]);
  ASSERT_TRUE(late);
  std::optional<bool> left;
  net::co_spawn(pair.io, watch(*late, left), net::detached);
  pair.io.restart();
  pair.io.run();
  EXPECT_EQ(left, true);
}

TEST(HangupWatch, CanBeCancelled) {
  Pair pair;
  pair.hangup->cancel();
  pair.io.run();
  EXPECT_EQ(pair.left, false);
}

}  // namespace
}  // namespace quern::server
