#include "server/server.hpp"
#include "tests/server/server_harness.hpp"

#include <unistd.h>

namespace quern::test {
namespace {

using std::chrono::milliseconds;

bool refuses_connections(ServerHarness& server) {
  try {
    HttpClient client = server.tcp();
    return false;
  } catch (const std::runtime_error&) {
    return true;
  }
}

TEST(Drain, AnIdleServerEndsAtOnce) {
  ServerHarness server;
  HttpClient idle = server.tcp();
  idle.get("/health");
  EXPECT_EQ(idle.read_reply().status, 200);
  server.drain();
  server.drain();
  server.join();
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(refuses_connections(server));
  EXPECT_NE(::access(server.socket_path.c_str(), F_OK), 0) << "the socket file is gone";
}

TEST(Drain, RunningRequestsFinishAndNewOnesAreRefused) {
  ServerHarnessOptions options;
  options.gated = true;
  ServerHarness server(options);
  HttpClient stream = server.tcp(), kept = server.tcp(), local = server.unix_socket();
  for (HttpClient* client : {&kept, &local}) {
    client->get("/health");
    EXPECT_EQ(client->read_reply().status, 200);
  }
  stream.post("/v1/completions", R"({"prompt":"a","max_tokens":3,"stream":true})");
  EXPECT_EQ(stream.read_head().status, 200);
  server.gate.wait_for_arrival(1);

  local.send("POST /control/drain HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(local.read_reply().status, 202);
  ServerHarness::eventually("no new connections", [&] { return refuses_connections(server); });
  HttpClient operator_client = server.unix_socket();
  operator_client.get("/control/status");
  EXPECT_EQ(operator_client.read_reply().status, 200) << "the Unix socket answers while a request runs";
  kept.get("/health");
  const Reply health = kept.read_reply();
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(health.body, R"({"status":"draining"})");
  EXPECT_EQ(health.header("connection"), "close");

  server.gate.open();
  std::string text;
  for (std::string event = stream.read_event(); event != "data: [DONE]"; event = stream.read_event()) {
    text += event_json(event).at("choices").at(0).at("text").get_string();
  }
  EXPECT_EQ(text, "bcd");
  EXPECT_EQ(stream.read_event(), "");
  server.join();
  EXPECT_TRUE(stream.at_end());
}

TEST(Drain, NewGenerationsOnKeptConnectionsAre503) {
  ServerHarnessOptions options;
  options.gated = true;
  ServerHarness server(options);
  HttpClient running = server.tcp(), kept = server.tcp();
  kept.get("/health");
  kept.read_reply();
  running.post("/v1/completions", R"({"prompt":"a","max_tokens":3})");
  server.gate.wait_for_arrival(1);
  server.drain();
  ServerHarness::eventually("it drains", [&] { return server.scheduler->snapshot().draining; });
  kept.post("/v1/completions", R"({"prompt":"a","max_tokens":3})");
  const Reply refused = kept.read_reply();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(json::parse(refused.body).at("error").at("code"), "draining");
  server.gate.open();
  EXPECT_EQ(running.read_reply().status, 200);
}

TEST(Drain, WhatDoesNotFinishInTimeIsCut) {
  ServerHarnessOptions options;
  options.gated = true;
  options.server.limits.drain_timeout = milliseconds(20);
  ServerHarness server(options);
  HttpClient stream = server.tcp();
  stream.post("/v1/completions", R"({"prompt":"a","max_tokens":100,"stream":true})");
  EXPECT_EQ(stream.read_head().status, 200);
  server.gate.wait_for_arrival(1);
  server.drain();
  EXPECT_TRUE(stream.at_end());
  server.gate.let_pass(1);
  server.join();
  EXPECT_EQ(server.scheduler->snapshot().finished_cancelled, 1u);
}

TEST(Server, NamesWhatItCannotBind) {
  ServerHarness running;
  boost::asio::io_context io;
  const server::Services services{running.catalog, running.ledger, running.clock};
  server::ServerOptions options;
  options.port = running.port();
  EXPECT_EQ(server::Server::create(io, options, services).error().code, Errc::io);
  options.tcp = false;
  EXPECT_EQ(server::Server::create(io, options, services).error().code, Errc::bad_input);
  options.unix_socket = running.socket_path;
  EXPECT_EQ(server::Server::create(io, options, services).error().code, Errc::io);
  options.tcp = true;
  options.host = "no such host";
  EXPECT_EQ(server::Server::create(io, options, services).error().code, Errc::bad_input);
}

}  // namespace
}  // namespace quern::test
