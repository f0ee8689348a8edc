#include "server/session.hpp"

#include "tests/server/server_harness.hpp"

#include <sys/stat.h>

namespace quern::test {
namespace {

using std::chrono::milliseconds;

TEST(Session, ServesSeveralRequestsOnOneConnection) {
  ServerHarness server;
  HttpClient client = server.tcp();
  for (int i = 0; i < 3; ++i) {
    client.get("/health");
    const Reply reply = client.read_reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, R"({"status":"ok"})");
    EXPECT_EQ(reply.header("connection"), "");
  }
}

TEST(Session, AnswersPipelinedRequestsInOrder) {
  ServerHarness server;
  HttpClient client = server.tcp();
  std::string requests;
  for (const char* path : {"/health", "/nowhere", "/v1/models/test-model"}) {
    requests += fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
  }
  client.send(requests);
  EXPECT_EQ(client.read_reply().body, R"({"status":"ok"})");
  EXPECT_EQ(client.read_reply().status, 404);
  EXPECT_EQ(json::parse(client.read_reply().body).at("id"), "test-model");
}

TEST(Session, PipelinedRequestsWaitForAGeneration) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.post("/v1/completions", R"({"prompt":"a","max_tokens":5})");
  client.post("/v1/completions", R"({"prompt":"k","max_tokens":5,"stream":true})");
  client.get("/health");
  EXPECT_EQ(json::parse(client.read_reply().body).at("choices").at(0).at("text"), "bcdef");
  EXPECT_NE(client.read_reply().body.find("[DONE]"), std::string::npos);
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Session, HeadIsGetWithoutABody) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_reply(true).header("content-length"), "15");
  client.get("/health");
  EXPECT_EQ(client.read_reply().status, 200) << "nothing was left over";
}

TEST(Session, EveryReplyHasARequestId) {
  ServerHarness server;
  EXPECT_EQ(server.get("/health", "X-Request-Id: mine-7\r\n").header("x-request-id"), "mine-7");
  EXPECT_TRUE(server.get("/health", "X-Request-Id: <b>\r\n").header("x-request-id").starts_with("req-"));
  EXPECT_TRUE(server.get("/nowhere").header("x-request-id").starts_with("req-"));
}

TEST(Session, UnknownPathsAndMethods) {
  ServerHarness server;
  EXPECT_EQ(server.get("/nothing").status, 404);
  EXPECT_EQ(server.get("/v1/completions").status, 405);
  EXPECT_EQ(server.get("/v1/completions").header("allow"), "POST, OPTIONS");
  EXPECT_EQ(server.post("/health", "{}").status, 405);
  HttpClient client = server.tcp();
  client.send("BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 405);
}

TEST(Session, MalformedHttpIs400) {
  ServerHarness server;
  for (const char* request : {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  /  HTTP/1.1\r\n\r\n",
                              "GET / HTTP/1.1\r\nBad Header: 1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                              "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                              "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                              "GET health HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
    HttpClient client = server.tcp();
    client.send(request);
    EXPECT_EQ(client.read_reply().status, 400) << request;
    EXPECT_TRUE(client.at_end()) << request;
  }
}

TEST(Session, TruncatedRequestsAreForgotten) {
  ServerHarness server;
  for (const char* request : {"", "GET", "GET / HTTP/1.1\r\nHost: loc",
                              "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                              "Content-Length: 100\r\n\r\n{\"prompt\""}) {
    HttpClient client = server.tcp();
    client.send(request);
    client.half_close();
    EXPECT_TRUE(client.at_end()) << request;
  }
  EXPECT_EQ(server.get("/health").status, 200);
}

TEST(Session, HeaderAndBodyLimits) {
  ServerHarnessOptions options;
  options.server.limits.max_body_bytes = 1000;
  ServerHarness server(options);
  EXPECT_EQ(server.get("/health", fmt::format("X: {}\r\n", std::string(15'000, 'x'))).status, 200);
  EXPECT_EQ(server.get("/health", fmt::format("X: {}\r\n", std::string(17'000, 'x'))).status, 431);
  EXPECT_EQ(server.post("/v1/completions", std::string(1001, ' ')).status, 413);
  EXPECT_EQ(server.post("/v1/completions", std::string(1000, ' ')).status, 400);
}

TEST(Session, ALongBodyStillGetsItsAnswer) {
  ServerHarnessOptions options;
  options.server.limits.max_body_bytes = 8u << 20;
  ServerHarness server(options);
  HttpClient client = server.tcp();
  // More than the limit and than any socket buffer: the client is still writing when the answer comes.
  client.post("/v1/completions", std::string(10u << 20, ' '));
  EXPECT_EQ(client.read_reply().status, 413);
  EXPECT_TRUE(client.at_end());
}

TEST(Session, ChunkedBodiesAreReadAndLimited) {
  ServerHarnessOptions options;
  options.server.limits.max_body_bytes = 1000;
  ServerHarness server(options);
  const std::string head =
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  HttpClient good = server.tcp();
  good.send(head + "13\r\n{\"prompt\":\"a\",\"max_\r\nb\r\ntokens\": 3}\r\n0\r\n\r\n");
  EXPECT_EQ(json::parse(good.read_reply().body).at("choices").at(0).at("text"), "bcd");
  HttpClient big = server.tcp();
  big.send(head + "3e9\r\n" + std::string(1001, ' ') + "\r\n0\r\n\r\n");
  EXPECT_EQ(big.read_reply().status, 413);
}

TEST(Session, ExpectContinueIsAnsweredBeforeTheBody) {
  ServerHarness server;
  const std::string_view body = R"({"prompt":"a","max_tokens":3})";
  HttpClient client = server.tcp();
  client.send(
      fmt::format("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  "Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
                  body.size()));
  EXPECT_EQ(client.read_reply().status, 100);
  client.send(body);
  EXPECT_EQ(client.read_reply().status, 200);
  HttpClient refused = server.tcp();
  refused.send("POST /nowhere HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(refused.read_reply().status, 404) << "without asking for the body";
}

TEST(Session, BodiesBeingReceivedHaveATotalLimit) {
  ServerHarnessOptions options;
  options.server.limits.max_bodies_bytes = 10'000;
  ServerHarness server(options);
  const Reply reply = server.post("/v1/completions", std::string(20'000, ' '));
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("retry-after"), "1");
  EXPECT_EQ(server.post("/v1/completions", std::string(9'000, ' ')).status, 400) << "the bytes were given back";
}

TEST(Session, ForeignHostsAndOriginsAreRefusedOverTcp) {
  ServerHarness server;
  const auto status_for = [&server](std::string_view headers) {
    HttpClient client = server.tcp();
    client.send(fmt::format("GET /health HTTP/1.1\r\n{}\r\n", headers));
    return client.read_reply().status;
  };
  EXPECT_EQ(status_for("Host: 127.0.0.1:1\r\n"), 200);
  EXPECT_EQ(status_for("Host: rebound.example\r\n"), 403);
  EXPECT_EQ(status_for("Host: localhost\r\nOrigin: http://localhost:3000\r\n"), 200);
  EXPECT_EQ(status_for("Host: localhost\r\nOrigin: https://evil.example\r\n"), 403);
  EXPECT_EQ(status_for("Host: localhost\r\nOrigin: null\r\n"), 403);
  HttpClient local = server.unix_socket();
  local.send("GET /health HTTP/1.1\r\nHost: any.thing\r\n\r\n");
  EXPECT_EQ(local.read_reply().status, 200) << "no browser reaches the Unix socket";
}

TEST(Session, OurOwnOriginsMayReadTheReply) {
  ServerHarness server;
  const Reply reply = server.get("/health", "Origin: http://localhost:3000\r\n");
  EXPECT_EQ(reply.header("access-control-allow-origin"), "http://localhost:3000");
  EXPECT_EQ(reply.header("access-control-allow-credentials"), "");
  EXPECT_EQ(server.get("/health", "Origin: https://evil.example\r\n").header("access-control-allow-origin"), "");
  EXPECT_EQ(server.get("/health").header("access-control-allow-origin"), "");
}

TEST(Session, AnswersPreflights) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.send(
      "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n"
      "Access-Control-Request-Method: POST\r\n"
      "Access-Control-Request-Headers: authorization, x-stainless-os\r\n\r\n");
  const Reply reply = client.read_reply();
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.header("access-control-allow-methods"), "POST, OPTIONS");
  EXPECT_EQ(reply.header("access-control-allow-headers"), "authorization, x-stainless-os");
  client.get("/health");
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Session, SilentClientsAreDropped) {
  ServerHarnessOptions options;
  options.server.limits.header_timeout = milliseconds(20);
  options.server.limits.body_timeout = milliseconds(20);
  ServerHarness server(options);
  HttpClient silent = server.tcp();
  EXPECT_TRUE(silent.at_end());
  HttpClient half_header = server.tcp();
  half_header.send("GET /health HTTP/1.1\r\n");
  EXPECT_TRUE(half_header.at_end());
  HttpClient half_body = server.tcp();
  half_body.send(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
  EXPECT_TRUE(half_body.at_end());
}

// With time for the request itself, however slow the machine is.
TEST(Session, IdleClientsAreDropped) {
  ServerHarnessOptions options;
  options.server.limits.idle_timeout = milliseconds(20);
  ServerHarness server(options);
  HttpClient idle = server.tcp();
  idle.get("/health");
  EXPECT_EQ(idle.read_reply().status, 200);
  EXPECT_TRUE(idle.at_end());
}

TEST(Session, TooManyConnectionsAreTold) {
  ServerHarnessOptions options;
  options.server.limits.max_connections = 2;
  ServerHarness server(options);
  HttpClient first = server.tcp();
  std::optional<HttpClient> second(server.tcp());
  for (HttpClient* client : {&first, &*second}) {
    client->get("/health");
    EXPECT_EQ(client->read_reply().status, 200);
  }
  HttpClient third = server.tcp();
  const Reply refusal = third.read_reply();
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal.header("retry-after"), "1");
  EXPECT_TRUE(third.at_end());
  second.reset();
  ServerHarness::eventually("a place becomes free", [&server] {
    HttpClient client = server.tcp();
    client.get("/health");
    return client.read_reply().status == 200;
  });
}

TEST(Session, ConnectionsAreRefusedWhenTheMemoryBudgetIsSpent) {
  ServerHarness server;
  const std::uint64_t before = server.ledger.used(MemoryUse::connections);
  EXPECT_EQ(before, 0u);
  HttpClient first = server.tcp();
  first.get("/health");
  EXPECT_EQ(first.read_reply().status, 200);
  EXPECT_GT(server.ledger.used(MemoryUse::connections), 0u);
  ServerHarness::eventually("its request is over", [&] { return server.ledger.used(MemoryUse::requests) == 0; });
  auto rest = server.ledger.reserve(MemoryUse::buffers, server.ledger.budget() - server.ledger.used()).value();
  HttpClient refused = server.tcp();
  EXPECT_EQ(refused.read_reply().status, 503);
  first.post("/v1/completions", R"({"prompt":"a","max_tokens":1})");
  EXPECT_EQ(first.read_reply().status, 429) << "no room for the body";
  rest.release();
  ServerHarness::eventually("there is room again", [&server] {
    HttpClient client = server.tcp();
    client.get("/health");
    return client.read_reply().status == 200;
  });
}

TEST(Session, Http10GetsNoChunksAndNoKeepAlive) {
  ServerHarness server;
  HttpClient client = server.tcp();
  const std::string_view body = R"({"prompt":"a","max_tokens":2,"stream":true})";
  client.send(
      fmt::format("POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                  body.size(), body));
  const Reply head = client.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("transfer-encoding"), "");
  EXPECT_EQ(head.header("connection"), "close");
}

TEST(Session, ConnectionCloseIsHonoured) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.get("/health", "Connection: close\r\n");
  EXPECT_EQ(client.read_reply().header("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Session, BadJsonIsNamed) {
  ServerHarness server;
  for (const char* body : {"", "{", "[]", "{\"prompt\":\"\xff\"}", R"({"prompt":"a","prompt":"b"})"}) {
    const Reply reply = server.post("/v1/completions", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(json::parse(reply.body).at("error").at("type"), "invalid_request_error");
  }
  EXPECT_EQ(server.post("/v1/completions", std::string(100'000, '[')).status, 400);
}

}  // namespace
}  // namespace quern::test
