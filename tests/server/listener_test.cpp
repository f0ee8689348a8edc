#include "server/listener.hpp"

#include "tests/server/http_client.hpp"

#include <new>
#include <thread>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

// Takes the socket's descriptor away at once: the client sees the end.
TEST(Listener, AnExceptionWhileAConnectionIsTakenUpEndsNothing) {
  boost::asio::io_context io;
  const auto listener = server::Listener::listen_tcp(io, "127.0.0.1", 0).value();
  int n_served = 0;
  listener->start([&n_served](server::Socket) {
    if (++n_served <= 2) throw std::bad_alloc();
  });
  std::thread thread([&io] { io.run(); });
  for (int i = 0; i < 4; ++i) {
    HttpClient client = HttpClient::tcp(listener->port());
    EXPECT_TRUE(client.at_end());
  }
  listener->stop();
  thread.join();
  EXPECT_EQ(n_served, 4);
}

}  // namespace
}  // namespace quern::test
