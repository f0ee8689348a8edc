// What a client makes of right answers, whatever form and pace they come in.
#include "net/http_client.hpp"

#include "tests/net/run_io.hpp"
#include "tests/net/scripted_http.hpp"

#include <filesystem>

#include <boost/asio/buffer.hpp>
#include <gtest/gtest.h>
#include <sys/un.h>

namespace quern::test {
namespace {

namespace asio = boost::asio;

struct Client {
  explicit Client(net::HttpClientOptions options = {}) : http(io.get_executor(), std::move(options)) {}

  Result<net::HttpReply> fetch(net::HttpRequest request, std::size_t max_bytes = 1 << 20) {
    return run_io(io, http.fetch(std::move(request), max_bytes));
  }
  Result<net::HttpReply> get(const std::string& url) { return fetch({.url = net::parse_url(url).value()}); }

  asio::io_context io{1};
  net::HttpClient http;
};

TEST(HttpClient, SendsARequestAndReadsTheAnswer) {
  std::string request;
  ScriptedHttp server([&](ScriptedPeer& peer) {
    request = peer.read_request();
    peer.answer(201, "hello", "X-Thing: a\r\n");
  });
  Client client;
  const auto reply = client.fetch({.method = "POST",
                                   .url = net::parse_url(server.url("/a?b=c")).value(),
                                   .headers = {{"Content-Type", "text/plain"}},
                                   .body = "body"});
  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(reply->head.status, 201);
  EXPECT_EQ(reply->head.header("x-thing"), "a");
  EXPECT_EQ(reply->head.header("x-other"), "");
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(request, fmt::format("POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: text/plain\r\n"
                                 "Accept-Encoding: identity\r\nContent-Length: 4\r\n\r\nbody",
                                 server.port()));
}

TEST(HttpClient, KeepsConnectionsForLater) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    while (!peer.read_request().empty()) {
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      peer.chunk("one");
      peer.chunk("two");
      peer.send("0\r\n\r\n");
    }
  });
  Client client;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get(server.url()).value().body, "onetwo");
  EXPECT_EQ(server.n_connections(), 1u);
  EXPECT_EQ(client.http.n_idle(), 1u);
  client.http.close_idle();
  EXPECT_EQ(client.http.n_idle(), 0u);
  EXPECT_EQ(client.get(server.url()).value().body, "onetwo");
  EXPECT_EQ(server.n_connections(), 2u);
}

TEST(HttpClient, KeepsNoMoreConnectionsThanItMay) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    while (!peer.read_request().empty()) peer.answer(200, "x");
  });
  Client none({.max_idle = 0});
  EXPECT_TRUE(none.get(server.url()));
  EXPECT_EQ(none.http.n_idle(), 0u);
  Client old({.max_idle_time = Duration::zero()});
  EXPECT_TRUE(old.get(server.url()));
  EXPECT_TRUE(old.get(server.url()));
  EXPECT_EQ(server.n_connections(), 3u);
}

TEST(HttpClient, AConnectionIsNotKeptWhereMoreCameThanTheAnswer) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
    peer.wait_for_close();
  });
  Client client;
  EXPECT_EQ(client.get(server.url()).value().body, "x");
  EXPECT_EQ(client.http.n_idle(), 0u);
}

// The server closes a kept connection at the moment in which the next request goes out.
TEST(HttpClient, AConnectionThatWasClosedMeanwhileIsReplacedOnce) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.answer(200, "first");
    if (peer.index() == 0) {
      peer.read_request();  // and not a word
    } else {
      peer.wait_for_close();
    }
  });
  Client client;
  EXPECT_EQ(client.get(server.url()).value().body, "first");
  EXPECT_EQ(client.get(server.url()).value().body, "first");
  EXPECT_EQ(server.n_connections(), 2u);
}

TEST(HttpClient, AnAnswerThatHasBegunIsNeverAskedForAgain) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.answer(200, "first");
    peer.read_request();
    peer.send("HTTP/1.1 2");
  });
  Client client;
  EXPECT_TRUE(client.get(server.url()));
  const auto second = client.get(server.url());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::io);
  EXPECT_EQ(server.n_connections(), 1u);
}

TEST(HttpClient, BodiesComePieceByPiece) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.send(
        "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
    peer.read_request();  // which the client never sends: it has to see the first piece before the rest
  });
  Client client;
  net::HttpExchange exchange = client.http.open({.url = net::parse_url(server.url()).value()});
  ASSERT_TRUE(run_io(client.io, exchange.begin()));
  EXPECT_EQ(exchange.head().status, 200);
  std::string piece(3, '\0');
  std::string text;
  while (text.size() < 5) {
    const auto n = run_io(client.io, exchange.read(asio::buffer(piece)));
    ASSERT_TRUE(n) << n.error().detail;
    text += piece.substr(0, *n);
  }
  EXPECT_EQ(text, "abcde");
  EXPECT_FALSE(exchange.ended());
}

TEST(HttpClient, BodiesEndWhereTheServerCloses) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nall of it");
  });
  Client client;
  EXPECT_EQ(client.get(server.url()).value().body, "all of it");
  EXPECT_EQ(client.http.n_idle(), 0u);
}

TEST(HttpClient, AnswersWithoutABody) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      const bool head = request.starts_with("HEAD");
      peer.send(head ? "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" : "HTTP/1.1 204 None\r\n\r\n");
    }
  });
  Client client;
  const auto head = client.fetch({.method = "HEAD", .url = net::parse_url(server.url()).value()});
  ASSERT_TRUE(head) << head.error().detail;
  EXPECT_EQ(head->head.content_length, 99999999999u);
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(client.get(server.url()).value().head.status, 204);
  EXPECT_EQ(server.n_connections(), 1u);
}

TEST(HttpClient, NamesAreLookedUp) {
  ScriptedHttp server([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.answer(200, "x");
  });
  Client client;
  // An IPv6 address of it, where there is one, is refused: the next is tried.
  EXPECT_EQ(client.get(fmt::format("http://localhost:{}/", server.port())).value().body, "x");
}

TEST(HttpClient, SpeaksToUnixSockets) {
  const std::string path = std::filesystem::temp_directory_path() / fmt::format("quern_net_{}.sock", ::getpid());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ::unlink(path.c_str());
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  std::thread server([&] {
    const int fd = ::accept(listener, nullptr, nullptr);
    ScriptedPeer peer(fd, nullptr, 0);
    peer.read_request();
    peer.answer(200, "x");
    peer.wait_for_close();
    ::close(fd);
  });
  {
    Client client;
    const auto reply = client.fetch({.url = net::parse_url("http://localhost/").value(), .unix_socket = path});
    EXPECT_EQ(reply.value().body, "x");
    const auto none = client.fetch({.url = net::parse_url("http://localhost/").value(), .unix_socket = path + "x"});
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().detail.find(path + "x"), std::string::npos);
  }
  server.join();
  ::close(listener);
  ::unlink(path.c_str());
}

TEST(HttpClient, ProxiesGetAskedForATunnel) {
  std::string asked;
  ScriptedHttp proxy([&](ScriptedPeer& peer) {
    asked = peer.read_request();
    peer.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  });
  Client client({.tls = net::make_client_tls().value(), .proxies = net::ProxySettings::make(proxy.url(), "").value()});
  const auto reply = client.get("https://a.example/secret");
  ASSERT_FALSE(reply);
  EXPECT_EQ(asked, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
  EXPECT_NE(reply.error().detail.find("403"), std::string::npos) << reply.error().detail;
  EXPECT_NE(reply.error().detail.find("a.example"), std::string::npos);
}

}  // namespace
}  // namespace quern::test
