// The edges of HTTP over real sockets: where a request begins and ends, how a path may be written, what a refusal says
// before it has seen a body, and who gets in when all places are taken.
#include "server/descriptor_limit.hpp"
#include "server/head_reader.hpp"
#include "server/listener.hpp"
#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

constexpr std::string_view kBody = R"({"prompt":"a","max_tokens":3})";

std::string post_with(std::string_view fields, std::string_view body, std::string_view version = "1.1") {
  return fmt::format("POST /v1/completions HTTP/{}\r\nHost: localhost\r\n{}\r\n{}", version, fields, body);
}

std::string with_length(std::string_view fields) {
  return post_with(fmt::format("{}Content-Length: {}\r\n", fields, kBody.size()), kBody);
}

Reply answer_to(ServerHarness& server, std::string_view bytes) {
  HttpClient client = server.tcp();
  client.send(bytes);
  return client.read_reply();
}

TEST(HttpEdges, AnUnclearEndOfTheBodyIsRefusedAndTheConnectionCloses) {
  ServerHarness server;
  const std::string chunks = "5\r\n{\"a\":\r\n0\r\n\r\n", next = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::pair<std::string, int> kRequests[] = {
      {post_with("Transfer-Encoding: identity\r\n", next), 400},
      {post_with("Transfer-Encoding: xchunked\r\n", chunks), 400},
      {post_with("Transfer-Encoding: chunked, gzip\r\n", chunks), 400},
      {post_with("Transfer-Encoding: chunked, chunked\r\n", chunks), 400},
      {post_with("Transfer-Encoding: gzip, chunked\r\n", chunks), 501},
      {post_with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", chunks), 400},
      {post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunks), 400},
      {post_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunks), 400},
      {post_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks), 400},
      {post_with("Content-Length: 5\r\nTransfer-Encoding: identity\r\n", chunks), 400},
      {post_with("Transfer-Encoding:\r\n chunked\r\n", chunks), 400},
      {post_with("Transfer-Encoding : chunked\r\n", chunks), 400},
      {post_with("Transfer-Encoding: chunked\r\n", chunks, "1.0"), 400},
      {post_with("Content-Length: +2\r\n", "{}"), 400},
      {post_with("Content-Length: 2, 2\r\n", "{}"), 400},
      {post_with("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), 400},
      {post_with("Content-Length: 99999999999999999999\r\n", "{}"), 400},
      {"GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : kRequests) {
    HttpClient client = server.tcp();
    client.send(bytes);
    EXPECT_EQ(client.read_reply().status, status) << bytes;
    EXPECT_TRUE(client.at_end()) << "what follows is no request: " << bytes;
  }
}

TEST(HttpEdges, ChunksThatAreNone) {
  ServerHarness server;
  for (const char* chunks : {"0x2\r\n{}\r\n0\r\n\r\n", "+2\r\n{}\r\n0\r\n\r\n", " 2\r\n{}\r\n0\r\n\r\n",
                             "2 \r\n{}\r\n0\r\n\r\n", "2\n{}\r\n0\r\n\r\n", "g\r\n", "\r\n", "-1\r\n",
                             "2\r\n{}0\r\n\r\n", "10000000000000000\r\n", "2;=\r\n{}\r\n0\r\n\r\n"}) {
    HttpClient client = server.tcp();
    client.send(post_with("Transfer-Encoding: chunked\r\n", chunks));
    EXPECT_EQ(client.read_reply().status, 400) << chunks;
    EXPECT_TRUE(client.at_end()) << chunks;
  }
  EXPECT_EQ(answer_to(server, post_with("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFF\r\n")).status, 413);
  // Neither the size of a chunk nor what stands behind the last one is kept for ever.
  EXPECT_EQ(answer_to(server, post_with("Transfer-Encoding: chunked\r\n", "2;" + std::string(1u << 20, 'x'))).status,
            400);
  EXPECT_EQ(
      answer_to(server, post_with("Transfer-Encoding: chunked\r\n", "0\r\nA: " + std::string(1u << 20, 'x'))).status,
      400);
}

TEST(HttpEdges, LinesEndWithCrlfAndAreNotFolded) {
  ServerHarness server;
  for (const std::string& head :
       {std::string("GET /health HTTP/1.1\nHost: localhost\n\n"),
        std::string("GET /health HTTP/1.1\r\nHost: localhost\n\r\n"),
        std::string("GET /health HTTP/1.1\r\nHost: local\rhost\r\n\r\n"),
        std::string("GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"),
        std::string("GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n"),
        std::string("GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n"),
        std::string("GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 49),
        std::string("GET /health HTTP/1.1\r\nHost: localhost\r\nNo colon\r\n\r\n"), std::string("\x16\x03\x01", 3),
        std::string("\n\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")}) {
    HttpClient client = server.tcp();
    client.send(head);
    EXPECT_EQ(client.read_reply().status, 400) << head;
    EXPECT_TRUE(client.at_end()) << head;
  }
}

TEST(HttpEdges, EmptyLinesBeforeARequestAreDropped) {
  ServerHarness server;
  HttpClient client = server.tcp();
  for (const char* lines : {"\r\n", "\r\n\r\n\r\n", ""}) {
    client.send(lines + with_length(""));
    EXPECT_EQ(client.read_reply().status, 200) << lines;
  }
  client.send("\r");
  client.send("\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200) << "also between requests";
  EXPECT_EQ(answer_to(server,
                      [] {
                        std::string lines;
                        while (lines.size() < 17'000) lines += "\r\n";
                        return lines;
                      }())
                .status,
            431);
}

TEST(HttpEdges, AHeadMayComeInPieces) {
  ServerHarness server;
  HttpClient client = server.tcp();
  for (const char c : std::string("\r\nGET /health HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: p\r\n\r\n")) {
    client.send(std::string_view(&c, 1));
  }
  EXPECT_EQ(client.read_reply().header("x-request-id"), "p");
}

TEST(HttpEdges, PathsAreNormalised) {
  ServerHarness server;
  for (const char* path : {"//v1/models", "/v1/models/", "//v1//models//?x=1", "/v1/./models", "/v1/x/../models",
                           "/%76%31/models", "/v1/x/%2E%2e/models", "http://localhost//v1/models/"}) {
    EXPECT_EQ(server.get(path).status, 200) << path;
  }
  EXPECT_EQ(server.get("/v1/models/test-model/").status, 200);
  EXPECT_EQ(server.post("//v1/completions/", kBody).status, 200);
  EXPECT_EQ(server.get("/v1/completions/").status, 405);
  EXPECT_EQ(server.get("/v2/models").status, 404);
  EXPECT_EQ(server.get("http://rebound.example/health").status, 403) << "the target's host counts";
}

TEST(HttpEdges, HostsAreReadStrictly) {
  ServerHarness server;
  const std::pair<const char*, int> kHosts[] = {
      {"Host: localhost.\r\n", 200},
      {"Host: LOCALHOST.:8080\r\n", 200},
      {"Host: [0:0:0:0:0:0:0:1]:80\r\n", 200},
      {"Host: [::1]evil.example\r\n", 400},
      {"Host: localhost@evil.example\r\n", 400},
      {"Host: localhost/evil\r\n", 400},
      {"Host: localhost:80:80\r\n", 400},
      {"Host: evil.example.\r\n", 403},
      {"", 400},
      {"Host: localhost\r\nHost: localhost\r\n", 400},
  };
  for (const auto& [field, status] : kHosts) {
    EXPECT_EQ(answer_to(server, fmt::format("GET /health HTTP/1.1\r\n{}\r\n", field)).status, status) << field;
  }
  EXPECT_EQ(answer_to(server, "GET /health HTTP/1.0\r\n\r\n").status, 200);
}

TEST(HttpEdges, OriginsAreReadStrictly) {
  ServerHarnessOptions options;
  options.server.host = "0.0.0.0";
  ServerHarness server(options);
  const std::pair<const char*, int> kOrigins[] = {
      {"Host: 10.1.2.3:8080\r\nOrigin: http://10.1.2.3:8080\r\n", 200},
      {"Host: 10.1.2.3:8080\r\nOrigin: http://10.9.9.9\r\n", 403},
      {"Host: localhost\r\nOrigin: http://[::1]evil.example\r\n", 403},
      {"Host: localhost\r\nOrigin: http://localhost/\r\n", 403},
      {"Host: localhost\r\nOrigin: app://obsidian.md\r\n", 200},
      {"Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example\r\n", 400},
  };
  for (const auto& [fields, status] : kOrigins) {
    EXPECT_EQ(answer_to(server, fmt::format("GET /health HTTP/1.1\r\n{}\r\n", fields)).status, status) << fields;
  }
}

TEST(HttpEdges, ProgramsMayCallJsonAnythingAndPagesMayNot) {
  ServerHarness server;
  for (const char* type : {"", "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: text/plain\r\n",
                           "Sec-Fetch-Mode: cors\r\n"}) {
    EXPECT_EQ(answer_to(server, with_length(type)).status, 200) << type;
    for (const char* page : {"Origin: http://localhost:3000\r\n", "Sec-Fetch-Site: cross-site\r\n"}) {
      const Reply reply = answer_to(server, with_length(std::string(type) + page));
      EXPECT_EQ(reply.status, 415) << type << page;
      EXPECT_NE(reply.body.find("Content-Type: application/json"), std::string::npos);
    }
  }
  EXPECT_EQ(answer_to(server, with_length("Origin: http://localhost\r\nContent-Type: application/json\r\n")).status,
            200);
}

TEST(HttpEdges, CompressedBodiesAreRefusedByName) {
  ServerHarness server;
  for (const char* coding : {"gzip", "br", "identity, zstd"}) {
    const Reply reply = answer_to(server, with_length(fmt::format("Content-Encoding: {}\r\n", coding)));
    EXPECT_EQ(reply.status, 415);
    EXPECT_EQ(reply.header("accept-encoding"), "identity");
    EXPECT_NE(reply.body.find(std::string_view(coding).substr(std::string_view(coding).rfind(' ') + 1)),
              std::string::npos);
  }
  EXPECT_EQ(answer_to(server, with_length("Content-Encoding: identity\r\n")).status, 200);
}

TEST(HttpEdges, EveryRefusalKeepsTheRequestId) {
  ServerHarnessOptions options;
  options.server.limits.max_body_bytes = 1000;
  ServerHarness server(options);
  const std::string id = "X-Request-Id: mine-7\r\n";
  const std::string filler = fmt::format("X: {}\r\n", std::string(17'000, 'x'));
  const std::pair<std::string, int> kRequests[] = {
      {post_with(id + filler, ""), 431},
      {post_with(id + "Content-Length: 1001\r\n", ""), 413},
      {post_with(id + "Transfer-Encoding: chunked\r\n", "3e9\r\n"), 413},
      {post_with(id + "Transfer-Encoding: gzip, chunked\r\n", ""), 501},
      {post_with(id + "Transfer-Encoding: chunked\r\n", "x\r\n"), 400},
      {post_with(id + "Host: localhost\r\n", ""), 400},
      {post_with(id + "Bad Field: x\r\n", ""), 400},
      {post_with(id + "A: b\r\n folded\r\n", ""), 400},
      {post_with(id + "Connection: ,=\r\n", ""), 400},
      {post_with(id + "Origin: http://evil.example\r\n", ""), 403},
      {post_with(id + "Content-Encoding: gzip\r\nContent-Length: 2\r\n", ""), 415},
      {fmt::format("GET /% HTTP/1.1\r\nHost: localhost\r\n{}\r\n", id), 400},
      {fmt::format("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n{}\r\n", id), 404},
      {fmt::format("GET /health HTTP/9.9\r\nHost: localhost\r\n{}\r\n", id), 400},
  };
  for (const auto& [bytes, status] : kRequests) {
    const Reply reply = answer_to(server, bytes);
    EXPECT_EQ(reply.status, status) << bytes.substr(0, 200);
    EXPECT_EQ(reply.header("x-request-id"), "mine-7") << bytes.substr(0, 200);
  }
  EXPECT_TRUE(answer_to(server, post_with(filler + id, "")).header("x-request-id").starts_with("req-")) << "not read";
}

TEST(HttpEdges, ATooLongBodyIsRefusedToPagesThatMayAskAndToNoOther) {
  ServerHarnessOptions options;
  options.server.limits.max_body_bytes = 1000;
  ServerHarness server(options);
  const std::string length = "Content-Length: 1001\r\nContent-Type: application/json\r\n";
  const Reply own = answer_to(server, post_with(length + "Origin: http://localhost:3000\r\n", ""));
  EXPECT_EQ(own.status, 413);
  EXPECT_EQ(own.header("access-control-allow-origin"), "http://localhost:3000");
  EXPECT_EQ(answer_to(server, post_with(length + "Origin: http://evil.example\r\n", "")).status, 403);
}

TEST(HttpEdges, AnEmptyPromptIsNotALongOne) {
  ServerHarness server;
  for (const auto& [body, param] : {std::pair(R"({"prompt":""})", "prompt"),
                                    {R"({"prompt":[[]]})", "prompt[0]"},
                                    {R"({"prompt":["a",""]})", "prompt"},
                                    {R"({"prompt":["a",[]]})", "prompt[1]"}}) {
    const Reply reply = server.post("/v1/completions", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(error_param(reply), param) << body;
    EXPECT_NE(reply.body.find("has no tokens"), std::string::npos) << reply.body;
    EXPECT_TRUE(json::parse(reply.body).at("error").at("code").is_null()) << reply.body;
  }
  const Reply reply = server.post("/v1/completions", fmt::format(R"({{"prompt":"{}"}})", std::string(2000, 'a')));
  EXPECT_EQ(json::parse(reply.body).at("error").at("code"), "context_length_exceeded");
}

TEST(HttpEdges, AnOperatorGetsInWhenAllPlacesAreTaken) {
  ServerHarnessOptions options;
  options.server.limits.max_connections = 2;
  ServerHarness server(options);
  HttpClient first = server.tcp(), second = server.unix_socket();
  for (HttpClient* client : {&first, &second}) {
    client->get("/health");
    EXPECT_EQ(client->read_reply().status, 200);
  }
  const auto ask = [&server](std::string_view path) {
    HttpClient client = server.unix_socket();
    client.get(path);
    const Reply reply = client.read_reply();
    EXPECT_EQ(reply.header("connection"), "close") << "its place is for the next one";
    EXPECT_TRUE(client.at_end());
    return reply.status;
  };
  for (const char* path : {"/control/status", "/control/requests", "/health", "/metrics"}) EXPECT_EQ(ask(path), 200);
  HttpClient worker = server.unix_socket();
  worker.post("/v1/completions", kBody);
  EXPECT_EQ(worker.read_reply().status, 503) << "reserved places are not for work";
  EXPECT_EQ(server.tcp().read_reply().status, 503) << "nor for TCP";

  std::vector<HttpClient> idle;  // those above may still hold a place for a moment
  ServerHarness::eventually("reserved places are limited too", [&] {
    idle.push_back(server.unix_socket());
    HttpClient client = server.unix_socket();
    client.get("/health");
    return client.read_reply().status == 503;
  });
  EXPECT_GE(idle.size(), 1u);
  idle.clear();
  ServerHarness::eventually("a reserved place is free again", [&server] {
    HttpClient client = server.unix_socket();
    client.get("/control/status");
    return client.read_reply().status == 200;
  });
}

TEST(HttpEdges, AnOperatorGetsInWhenTheMemoryBudgetIsSpent) {
  ServerHarness server;
  auto rest = server.ledger.reserve(MemoryUse::buffers, server.ledger.budget() - server.ledger.used()).value();
  EXPECT_EQ(server.tcp().read_reply().status, 503);
  HttpClient client = server.unix_socket();
  client.get("/control/memory");
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(HttpEdges, WithoutControlNoPlacesAreReserved) {
  ServerHarnessOptions options;
  options.server.limits.max_connections = 1;
  options.server.control = false;
  ServerHarness server(options);
  HttpClient first = server.unix_socket();
  first.get("/health");
  EXPECT_EQ(first.read_reply().status, 200);
  EXPECT_EQ(server.unix_socket().read_reply().status, 503);
}

TEST(HttpEdges, AnAddressToListenOnMayHaveBrackets) {
  for (const char* host : {"::1", "[::1]"}) {
    boost::asio::io_context io;
    auto listener = server::Listener::listen_tcp(io, host, 0);
    if (!listener && listener.error().code == Errc::io) GTEST_SKIP() << "no IPv6 here: " << listener.error().detail;
    ASSERT_TRUE(listener) << listener.error().detail;
    EXPECT_NE((*listener)->port(), 0);
  }
}

}  // namespace
}  // namespace quern::test
