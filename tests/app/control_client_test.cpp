#include "app/ctl/control_client.hpp"

#include "tests/support/temp_dir.hpp"

#include <functional>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

namespace quern::app {
namespace {

namespace net = boost::asio;
using namespace std::chrono_literals;

// Accepts one connection, reads a request's header, hands it to `serve`, closes.
class OneShotServer {
 public:
  using Serve = std::function<std::string(const std::string& header)>;

  OneShotServer(const std::string& path, Serve serve)
      : acceptor_(io_, net::local::stream_protocol::endpoint(path)), thread_([this, serve] { run(serve); }) {}
  ~OneShotServer() { thread_.join(); }

 private:
  void run(const Serve& serve) {
    net::local::stream_protocol::socket socket = acceptor_.accept();
    std::string header;
    boost::system::error_code ec;
    net::read_until(socket, net::dynamic_buffer(header), "\r\n\r\n", ec);
    net::write(socket, net::buffer(serve(header)), ec);
  }
  net::io_context io_;
  net::local::stream_protocol::acceptor acceptor_;
  std::thread thread_;
};

TEST(AskServer, ReturnsStatusAndBody) {
  const test::TempDir dir;
  std::string seen;
  {
    const OneShotServer server(dir.path("s"), [&seen](const std::string& header) {
      seen = header;
      return std::string("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
    });
    const auto reply = ask_server(dir.path("s"), "POST", "/control/requests/7/cancel", 10s);
    ASSERT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(reply->status, 404u);
    EXPECT_EQ(reply->body, "{}");
  }
  EXPECT_EQ(seen.find("POST /control/requests/7/cancel HTTP/1.1\r\n"), 0u);
}

TEST(AskServer, NobodyListens) {
  const test::TempDir dir;
  const auto reply = ask_server(dir.path("absent"), "GET", "/", 10s);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::io);
  EXPECT_NE(reply.error().detail.find("absent: no server answers"), std::string::npos);
}

TEST(AskServer, NotHttpIsAnError) {
  const test::TempDir dir;
  const OneShotServer server(dir.path("s"), [](const std::string&) { return std::string("hello there\r\n\r\n"); });
  EXPECT_FALSE(ask_server(dir.path("s"), "GET", "/", 10s));
}

TEST(AskServer, APathTooLongForASocketIsAnErrorAndNoCrash) {
  EXPECT_FALSE(ask_server(std::string(200, 'x'), "GET", "/", 10s));
}

}  // namespace
}  // namespace quern::app
