// What a client makes of servers that break, lie, say nothing or too much, and of callers that give up.
#include "net/http_client.hpp"
#include "tests/net/run_io.hpp"
#include "tests/net/scripted_http.hpp"

#include <future>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

namespace quern::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Faulty {
  explicit Faulty(ScriptedHttp::Script script) : server(std::move(script)) {}

  net::HttpRequest request() const { return {.url = net::parse_url(server.url()).value(), .silence = 30s}; }
  Result<net::HttpReply> fetch(net::HttpRequest what, std::size_t max_bytes = 1 << 20) {
    return run_io(io, http.fetch(std::move(what), max_bytes));
  }
  // What the fetch fails with, and that its words name the server.
  Error failure(net::HttpRequest what, std::size_t max_bytes = 1 << 20) {
    const auto reply = fetch(std::move(what), max_bytes);
    EXPECT_FALSE(reply);
    if (reply) return {};
    EXPECT_NE(reply.error().detail.find(fmt::format("http://127.0.0.1:{}", server.port())), std::string::npos)
        << reply.error().detail;
    EXPECT_EQ(http.n_idle(), 0u);
    return reply.error();
  }

  ScriptedHttp server;
  asio::io_context io{1};
  net::HttpClient http{io.get_executor(), {}};
};

// Answers with these bytes and closes.
Error failure_after(const std::string& bytes, std::size_t max_bytes = 1 << 20) {
  Faulty faulty([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.send(bytes);
  });
  return faulty.failure(faulty.request(), max_bytes);
}

TEST(HttpFaults, AnswersThatAreCutAreErrors) {
  const std::string length = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n";
  for (const std::string& whole : {length, chunked}) {
    for (std::size_t n = 0; n < whole.size(); n += n < 16 ? 5 : 7) {
      EXPECT_EQ(failure_after(whole.substr(0, n)).code, Errc::io) << whole.substr(0, n);
    }
  }
}

TEST(HttpFaults, WhatIsNoHttpIsSaidToBeNone) {
  for (const char* bad :
       {"hello\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 101 Switch\r\n\r\n"}) {
    const Error error = failure_after(bad);
    EXPECT_EQ(error.code, Errc::corrupt) << bad << ": " << error.detail;
  }
}

TEST(HttpFaults, HeadsAndBodiesHaveLimits) {
  const Error head = failure_after("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(head.code, Errc::overloaded) << head.detail;
  const std::string body(1001, 'x');
  for (const std::string& answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + body, "HTTP/1.1 200 OK\r\n\r\n" + body,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + body + "\r\n0\r\n\r\n",
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx")}) {
    EXPECT_EQ(failure_after(answer, 1000).code, Errc::overloaded) << answer.substr(0, 60);
  }
}

TEST(HttpFaults, EncodingsThatNobodyAskedForAreErrors) {
  EXPECT_EQ(failure_after("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx").code,
            Errc::corrupt);
}

TEST(HttpFaults, SilenceEndsTheWait) {
  for (const char* part : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"}) {
    Faulty faulty([&](ScriptedPeer& peer) {
      peer.read_request();
      peer.send(part);
      peer.wait_for_close();
    });
    net::HttpRequest request = faulty.request();
    request.silence = 50ms;
    const Error error = faulty.failure(std::move(request));
    EXPECT_EQ(error.code, Errc::io);
    EXPECT_NE(error.detail.find("in time"), std::string::npos) << error.detail;
  }
}

TEST(HttpFaults, WhatARefusalSaysIsReadThoughTheRequestWasNotWanted) {
  Faulty faulty([&](ScriptedPeer& peer) {
    peer.answer(413, "too large", "Connection: close\r\n");
    peer.read_request();
  });
  net::HttpRequest request = faulty.request();
  request.body = std::string(1000, 'x');
  const auto reply = faulty.fetch(std::move(request));
  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(reply->head.status, 413);
}

TEST(HttpFaults, NobodyThereIsNamedWithWhatWasTried) {
  asio::io_context io{1};
  net::HttpClient http(io.get_executor(), {});
  std::uint16_t port = 0;
  {
    port = ScriptedHttp([](ScriptedPeer&) {}).port();
  }
  const net::Url url = net::parse_url(fmt::format("http://127.0.0.1:{}/", port)).value();
  const auto reply = run_io(io, http.fetch({.url = url}, 10));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::io);
  EXPECT_NE(reply.error().detail.find(fmt::format("127.0.0.1:{}: Connection refused", port)), std::string::npos)
      << reply.error().detail;
  const auto name = run_io(io, http.fetch({.url = net::parse_url("http://nobody.invalid/").value()}, 10));
  ASSERT_FALSE(name);
  EXPECT_NE(name.error().detail.find("no address of 'nobody.invalid'"), std::string::npos) << name.error().detail;
}

TEST(HttpFaults, RequestsThatWouldSaySomethingElseAreNotSent) {
  Faulty faulty([](ScriptedPeer& peer) { peer.read_request(); });
  for (const net::Header& header :
       {net::Header{"A", "b\r\nC: d"}, net::Header{"A:", "b"}, net::Header{"", "b"}, net::Header{"Host", "b"},
        net::Header{"content-length", "1"}, net::Header{"Authorization", std::string("hunter2\0", 8)}}) {
    net::HttpRequest request = faulty.request();
    request.headers.push_back(header);
    const auto reply = faulty.fetch(std::move(request));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Errc::bad_input);
    EXPECT_EQ(reply.error().detail.find("hunter2"), std::string::npos);
  }
  EXPECT_EQ(faulty.server.n_connections(), 0u);
}

// Where a request is when somebody gives up: the server has answered with `part` and sees the connection close.
class HttpCancel : public ::testing::TestWithParam<const char*> {};

TEST_P(HttpCancel, ReachesTheServer) {
  std::promise<void> asked, closed;
  Faulty faulty([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.send(GetParam());
    asked.set_value();
    peer.wait_for_close();
    closed.set_value();
  });
  auto exchange = std::make_unique<net::HttpExchange>(faulty.http.open(faulty.request()));
  const std::function<void()> hook = exchange->cancel_hook();
  std::thread canceller([&] {
    asked.get_future().wait();
    hook();
  });
  Status status = run_io(faulty.io, exchange->begin());
  if (status) {
    auto body = run_io(faulty.io, exchange->read_all(1000));
    ASSERT_FALSE(body);
    status = body.error();
  }
  EXPECT_EQ(status.error().code, Errc::cancelled) << status.error().detail;
  closed.get_future().wait();
  canceller.join();
  exchange.reset();
  hook();  // of what is gone: nothing
}

TEST_P(HttpCancel, WorksThroughASlot) {
  std::promise<void> asked, closed;
  Faulty faulty([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.send(GetParam());
    asked.set_value();
    peer.wait_for_close();
    closed.set_value();
  });
  asio::cancellation_signal signal;
  const auto work = asio::make_work_guard(faulty.io);
  bool done = false;
  asio::co_spawn(
      faulty.io, faulty.http.fetch(faulty.request(), 1000),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr between, Result<net::HttpReply> reply) {
        done = true;
        if (between) return;  // what Asio throws where a coroutine goes on after it was cancelled
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, Errc::cancelled) << reply.error().detail;
      }));
  std::thread canceller([&] {
    asked.get_future().wait();
    asio::post(faulty.io, [&] { signal.emit(asio::cancellation_type::terminal); });
  });
  while (!done && faulty.io.run_one() != 0) continue;
  EXPECT_TRUE(done);
  closed.get_future().wait();
  canceller.join();
}

TEST_P(HttpCancel, IsWhatDestroyingMeans) {
  std::promise<void> asked, closed;
  Faulty faulty([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.send(GetParam());
    asked.set_value();
    peer.wait_for_close();
    closed.set_value();
  });
  auto exchange = std::make_unique<net::HttpExchange>(faulty.http.open(faulty.request()));
  const auto work = asio::make_work_guard(faulty.io);
  bool done = false;
  asio::co_spawn(faulty.io, exchange->begin(), [&](std::exception_ptr, Status) { done = true; });
  std::thread canceller([&] {
    asked.get_future().wait();
    asio::post(faulty.io, [&] { exchange.reset(); });
  });
  while ((!done || exchange) && faulty.io.run_one() != 0) continue;
  closed.get_future().wait();
  canceller.join();
}

INSTANTIATE_TEST_SUITE_P(At, HttpCancel,
                         ::testing::Values("", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"));

TEST(HttpCancelled, BeforeItBegins) {
  Faulty faulty([](ScriptedPeer& peer) { peer.read_request(); });
  net::HttpExchange exchange = faulty.http.open(faulty.request());
  exchange.cancel();
  EXPECT_EQ(run_io(faulty.io, exchange.begin()).error().code, Errc::cancelled);
  EXPECT_EQ(faulty.server.n_connections(), 0u);
}

}  // namespace
}  // namespace quern::test
