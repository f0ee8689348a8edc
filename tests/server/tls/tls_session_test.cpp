// HTTP through TLS over real sockets: requests and streams, clients that leave, are slow or speak something else, and a
// certificate that is exchanged while the server runs.
#include "tests/server/keys/keys_fixture.hpp"
#include "tests/server/server_harness.hpp"
#include "tests/server/tls/tls_fixture.hpp"

namespace quern::test {
namespace {

using std::chrono::milliseconds;

class Tls : public testing::Test {
 protected:
  Tls() { write_identity(certificate, key, 1); }

  ServerHarness& start() {
    options.server.tls_cert = certificate;
    options.server.tls_key = key;
    return server.emplace(options);
  }
  TlsClient connect(const TlsClientOptions& client = {}, int receive_buffer_bytes = 0) {
    return over_tls(server->tcp(receive_buffer_bytes), client);
  }

  TempDir dir;
  const std::string certificate = dir.path("cert.pem"), key = dir.path("key.pem");
  ServerHarnessOptions options;
  std::optional<ServerHarness> server;
};

TEST_F(Tls, AnswersRequestsOnOneConnection) {
  start();
  TlsClient client = connect();
  for (int i = 0; i < 3; ++i) {
    client.http.get("/health");
    EXPECT_EQ(client.http.read_reply().body, R"({"status":"ok"})");
  }
  client.http.post("/v1/completions", R"({"prompt":"xa","max_tokens":5})");
  EXPECT_EQ(json::parse(client.http.read_reply().body).at("choices").at(0).at("text"), "bcdef");
  client.http.post("/v1/completions", R"({"prompt":"a","max_tokens":5})");
  client.http.post("/v1/completions", R"({"prompt":"k","max_tokens":5,"stream":true})");
  client.http.get("/health");
  EXPECT_EQ(json::parse(client.http.read_reply().body).at("choices").at(0).at("text"), "bcdef");
  EXPECT_NE(client.http.read_reply().body.find("[DONE]"), std::string::npos);
  EXPECT_EQ(client.http.read_reply().status, 200);
}

TEST_F(Tls, TheUnixSocketStaysPlain) {
  start();
  HttpClient client = server->unix_socket();
  client.get("/health");
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(Tls, VersionsAndProtocols) {
  start();
  EXPECT_EQ(connect().wire->version(), "TLSv1.3");
  EXPECT_EQ(connect({.max_version = TLS1_2_VERSION}).wire->version(), "TLSv1.2");
  EXPECT_THROW(connect({.max_version = TLS1_1_VERSION}), std::runtime_error);
  EXPECT_EQ(connect().wire->protocol(), "");
  EXPECT_EQ(connect({.protocols = "\x02h2\x08http/1.1"}).wire->protocol(), "http/1.1");
  EXPECT_THROW(connect({.protocols = "\x02h2"}), std::runtime_error);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client = connect({.max_version = version});
    client.http.get("/health");
    EXPECT_EQ(client.http.read_reply().status, 200);
  }
}

TEST_F(Tls, LargeBodiesInBothDirections) {
  start();
  TlsClient client = connect();
  const std::string text(300'000, 'a');
  client.http.post("/tokenize", fmt::format(R"({{"content":"{}"}})", text));
  const Reply reply = client.http.read_reply();
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(json::parse(reply.body).at("tokens").as_array().size(), text.size());
}

TEST_F(Tls, AStreamEndsWithTheWordThatItIsAtItsEnd) {
  start();
  TlsClient client = connect();
  client.http.post("/v1/completions", R"({"prompt":"a","max_tokens":40,"stream":true})", "Connection: close\r\n");
  EXPECT_EQ(client.http.read_head().status, 200);
  std::string text, last;
  for (std::string event = client.http.read_event(); !event.empty(); event = client.http.read_event()) {
    last = event;
    if (event != "data: [DONE]") text += event_json(event).at("choices").at(0).at("text").get_string();
  }
  EXPECT_EQ(text, alphabet_after('a', 40));
  EXPECT_EQ(last, "data: [DONE]");
  EXPECT_TRUE(client.http.at_end());
  EXPECT_TRUE(client.wire->ended_well()) << "cut off and finished must not look the same";
}

TEST_F(Tls, AClientThatLeavesInMidStreamIsNoticed) {
  start();
  for (const bool says_so : {false, true}) {
    TlsClient client = connect();
    client.http.post("/v1/completions", R"({"prompt":"a","max_tokens":1000,"stream":true})");
    client.http.read_head();
    client.http.read_event();
    if (says_so) client.wire->say_goodbye();
  }
  server->eventually_all_pages_free();
}

TEST_F(Tls, AClientThatLeavesWhileNothingIsWrittenIsNoticed) {
  options.gated = true;
  const std::function<void(std::optional<TlsClient>&)> ways[] = {
      [](auto& client) { client.reset(); },
      [](auto& client) { client->wire->say_goodbye(); },  // and keeps its socket: no more requests can come
      [](auto& client) {
        client->http.send(std::string(200'000, '\n'));  // more than is read ahead
        client.reset();
      },
  };
  for (const auto& leave : ways) {
    start();
    std::optional<TlsClient> client(connect());
    client->http.post("/v1/completions", R"({"prompt":"a","max_tokens":3})");
    server->gate.wait_for_arrival(1);
    leave(client);
    ServerHarness::eventually("the step is told", [this] { return server->first_in_step.load()->load(); });
    server->gate.open();
    ServerHarness::eventually("it is cancelled",
                              [this] { return server->scheduler->snapshot().finished_cancelled == 1; });
  }
}

TEST_F(Tls, AWatchThatEndsInTheMiddleOfARecordLosesNothing) {
  start();
  TlsClient client = connect();
  client.http.post("/v1/completions", R"({"prompt":"a","max_tokens":2})");
  for (int i = 0; i < 50; ++i) {
    client.wire->send_half("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(json::parse(client.http.read_reply().body).at("choices").at(0).at("text"), "bc");
    client.wire->flush();
    EXPECT_EQ(client.http.read_reply().body, R"({"status":"ok"})");
    client.http.post("/v1/completions", R"({"prompt":"a","max_tokens":2})");
  }
  EXPECT_EQ(client.http.read_reply().status, 200);
}

TEST_F(Tls, RequestsBehindEachOtherAreAnsweredInOrder) {
  start();
  TlsClient client = connect();
  const std::string text = "abcdefghijkl";
  for (const char c : text) client.http.post("/v1/completions", fmt::format(R"({{"prompt":"{}","max_tokens":1}})", c));
  for (const char c : text) {
    EXPECT_EQ(json::parse(client.http.read_reply().body).at("choices").at(0).at("text").get_string(),
              std::string_view(alphabet_after(c, 1)));
  }
}

TEST_F(Tls, NewKeysInMidStream) {
  start();
  TlsClient client = connect({.max_version = TLS1_3_VERSION});
  client.http.post("/v1/completions", R"({"prompt":"a","max_tokens":200,"stream":true})");
  EXPECT_EQ(client.http.read_head().status, 200);
  client.wire->update_keys();
  int n_events = 0;
  for (std::string event = client.http.read_event(); !event.empty(); event = client.http.read_event()) ++n_events;
  EXPECT_GT(n_events, 1);
}

TEST_F(Tls, ASlowReaderParksOnlyItself) {
  options.backend.n_pages = 2048;
  options.backend.limits.max_context = 8192;
  options.scheduler.stream_capacity = 16;
  options.server.limits.max_backlog_bytes = 4096;
  start();
  TlsClient slow = connect({}, 4096);
  slow.http.post("/v1/completions", R"({"prompt":"a","max_tokens":6000,"stream":true})");
  ServerHarness::eventually("it is parked", [this] { return server->scheduler->snapshot().parked == 1; });
  TlsClient other = connect();
  other.http.get("/health");
  EXPECT_EQ(other.http.read_reply().status, 200);
  const Reply all = slow.http.read_reply();
  EXPECT_NE(all.body.find("[DONE]"), std::string::npos);
}

TEST_F(Tls, AReaderThatTakesNothingIsDropped) {
  options.backend.n_pages = 2048;
  options.backend.limits.max_context = 8192;
  options.scheduler.stream_capacity = 16;
  options.server.limits.max_backlog_bytes = 4096;
  options.server.limits.write_timeout = milliseconds(50);
  start();
  TlsClient stuck = connect({}, 4096);
  stuck.http.post("/v1/completions", R"({"prompt":"a","max_tokens":6000,"stream":true})");
  ServerHarness::eventually("it is cancelled",
                            [this] { return server->scheduler->snapshot().finished_cancelled == 1; });
  server->eventually_all_pages_free();
}

TEST_F(Tls, PlainHttpIsToldSo) {
  start();
  HttpClient client = server->tcp();
  client.get("/health");
  const Reply reply = client.read_reply();
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "this port speaks TLS: the URL begins with https\n");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Tls, WhatIsNeitherIsClosed) {
  start();
  for (const std::string& bytes : {std::string("\0\0\0\0", 4), std::string("\x16"
                                                                           "GET / HTTP/1.1\r\n\r\n")}) {
    HttpClient client = server->tcp();
    client.send(bytes);
    EXPECT_NO_THROW(while (!client.at_end()) { client.skip_buffered(); });
  }
  TlsClient good = connect();
  good.http.get("/health");
  EXPECT_EQ(good.http.read_reply().status, 200);
}

TEST_F(Tls, AHandshakeThatDoesNotComeInTimeIsGivenUp) {
  options.server.limits.header_timeout = milliseconds(50);
  options.server.limits.idle_timeout = milliseconds(60'000);
  start();
  HttpClient silent = server->tcp(), stops = server->tcp();
  stops.send("\x16\x03\x01");
  EXPECT_TRUE(silent.at_end());
  EXPECT_TRUE(stops.at_end());
}

TEST_F(Tls, AHandshakeTakesAPlaceAndThereAreNoMore) {
  options.server.limits.max_connections = 1;
  start();
  std::optional<HttpClient> first(server->tcp());
  first->send("\x16");
  HttpClient probe = server->unix_socket();  // on a place reserved for looking: says when the first one is in
  ServerHarness::eventually("the first is in", [&] {
    probe.get("/control/status");
    const Reply reply = probe.read_reply();
    return reply.status == 200 && json::parse(reply.body).at("connections").at("open") == 2;
  });
  EXPECT_THROW(connect(), std::runtime_error) << "closed without a handshake";
  first.reset();
  ServerHarness::eventually("there is room again", [&] {
    try {
      TlsClient client = connect();
      client.http.get("/health");
      return client.http.read_reply().status == 200;
    } catch (const std::runtime_error&) {
      return false;
    }
  });
}

TEST_F(Tls, AReloadedCertificateIsShownToNewConnections) {
  start();
  TlsClient old = connect();
  EXPECT_EQ(old.wire->serial(), 1);
  write_identity(certificate, key, 2);
  server->reload();
  EXPECT_EQ(connect().wire->serial(), 2);
  old.http.get("/health");
  EXPECT_EQ(old.http.read_reply().status, 200) << "who is connected stays";
  dir.write("cert.pem", "half a certificate");
  server->reload();
  EXPECT_EQ(connect().wire->serial(), 2) << "what cannot be read changes nothing";
}

TEST_F(Tls, KeysAreAskedForInside) {
  KeysFile keys;
  const std::string secret = keys.add("alice", server::KeyScope::infer);
  options.server.keys_file = keys.path;
  start();
  TlsClient client = connect();
  client.http.get("/v1/models");
  EXPECT_EQ(client.http.read_reply().status, 401);
  client.http.get("/v1/models", bearer(secret));
  EXPECT_EQ(client.http.read_reply().status, 200);
}

TEST_F(Tls, DrainingLetsAStreamFinish) {
  options.gated = true;
  start();
  TlsClient client = connect();
  client.http.post("/v1/completions", R"({"prompt":"a","max_tokens":5,"stream":true})");
  server->gate.wait_for_arrival(1);
  server->drain();
  server->gate.open();
  EXPECT_NE(client.http.read_reply().body.find("[DONE]"), std::string::npos);
  EXPECT_TRUE(client.http.at_end());
}

TEST(TlsOptions, ABrokenIdentityIsNoStart) {
  const TempDir dir;
  boost::asio::io_context io;
  const auto listeners =
      server::Listeners::open(io, {.port = 0, .tls_cert = dir.path("c.pem"), .tls_key = dir.path("k.pem")});
  EXPECT_EQ(listeners.error().field, "tls-cert");
}

}  // namespace
}  // namespace quern::test
