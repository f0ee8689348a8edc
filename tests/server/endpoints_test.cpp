// The smaller endpoints over sockets: models, tokenize, metrics, and /control on the Unix socket.
#include "server/api/endpoints.hpp"

#include "tests/server/server_harness.hpp"

#include <set>
#include <sstream>

#include <sys/stat.h>

namespace quern::test {
namespace {

TEST(Endpoints, Models) {
  ServerHarness server;
  for (const char* path : {"/v1/models", "/models"}) {
    const json::value list = json::parse(server.get(path).body);
    EXPECT_EQ(list.at("object"), "list");
    EXPECT_EQ(list.at("data").at(0).at("id"), "test-model");
    EXPECT_EQ(list.at("data").at(0).at("meta").at("n_ctx"), 1024);
  }
  EXPECT_EQ(json::parse(server.get("/v1/models/test-model").body).at("object"), "model");
  EXPECT_EQ(server.get("/v1/models/other").status, 404);
}

TEST(Endpoints, TokenizeAndBack) {
  ServerHarness server;
  EXPECT_EQ(server.post("/tokenize", R"({"content":"ab"})").body, R"({"tokens":[65,66]})");
  EXPECT_EQ(server.post("/tokenize", R"({"content":"a","with_pieces":true})").body,
            R"({"tokens":[{"id":65,"piece":"a"}]})");
  EXPECT_EQ(server.post("/detokenize", R"({"tokens":[65,2,66]})").body, R"({"content":"a\"b"})");
  EXPECT_EQ(error_param(server.post("/detokenize", R"({"tokens":[96]})")), "tokens[0]");
}

TEST(Endpoints, ApplyTemplateGivesThePromptOfAChat) {
  ServerHarness server;
  EXPECT_EQ(server.post("/apply-template", R"({"messages":[{"role":"user","content":"a"}]})").body,
            R"({"prompt":"user: a\nassistant:"})");
  EXPECT_EQ(
      server.post("/apply-template", R"({"messages":[{"role":"user","content":"a"}],"add_generation_prompt":false})")
          .body,
      R"({"prompt":"user: a\n"})");
  EXPECT_EQ(error_param(server.post("/apply-template", R"({"messages":[]})")), "messages");
  EXPECT_EQ(error_param(server.post("/apply-template", R"({"messages":[{"role":"user","content":"a"}],
    "tools":[{"type":"function","function":{"name":"f"}}]})")),
            "tools");
}

TEST(Endpoints, ALongPromptIsRenderedWhole) {  // on the helper thread
  ServerHarness server;
  std::string body = R"({"messages":[)";
  for (int i = 0; i < 4000; ++i) body += R"({"role":"user","content":"a"},)";
  body.back() = ']';
  EXPECT_EQ(server.post("/apply-template", body + "}").body.size(), 4000 * std::string("user: a\\n").size() + 23);
}

TEST(Endpoints, MetricsAreWellFormedAndComplete) {
  ServerHarness server;
  server.post("/v1/completions", R"({"prompt":"a","max_tokens":5})");
  const Reply reply = server.get("/metrics");
  EXPECT_EQ(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  std::set<std::string> typed;
  std::istringstream lines(reply.body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) typed.insert(line.substr(7, line.rfind(' ') - 7));
    if (line.starts_with('#') || line.empty()) continue;
    EXPECT_NE(line.find("model_name=\"test-model\""), std::string::npos) << line;
  }
  for (const char* name : {"vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc",
                           "vllm:prompt_tokens_total", "vllm:generation_tokens_total", "vllm:request_success_total",
                           "vllm:time_to_first_token_seconds", "vllm:inter_token_latency_seconds",
                           "vllm:request_queue_time_seconds", "quern:memory_bytes", "quern:kv_pages_free"}) {
    EXPECT_TRUE(typed.contains(name)) << name;
  }
  EXPECT_NE(reply.body.find("vllm:generation_tokens_total{model_name=\"test-model\"} 5\n"), std::string::npos);
  EXPECT_NE(reply.body.find("finished_reason=\"length\"} 1\n"), std::string::npos);
  EXPECT_NE(reply.body.find("le=\"+Inf\"} 1\n"), std::string::npos);
  EXPECT_NE(reply.body.find("quern:http_responses_total{model_name=\"test-model\",status=\"2xx\"} 1\n"),
            std::string::npos);
}

TEST(Metrics, CountErrorsByStatus) {
  ServerHarness server;
  EXPECT_EQ(server.get("/nowhere").status, 404);
  EXPECT_EQ(server.post("/v1/completions", "{}").status, 400);
  EXPECT_EQ(server.post("/v1/completions", "{").status, 400);
  const std::string text = server.get("/metrics").body;
  for (const char* line : {"status=\"404\"} 1\n", "status=\"400\"} 2\n", "status=\"429\"} 0\n"}) {
    EXPECT_NE(text.find(std::string("quern:http_errors_total{model_name=\"test-model\",") + line), std::string::npos)
        << text;
  }
}

TEST(Control, OnlyOnTheUnixSocket) {
  ServerHarness server;
  for (const char* path : {"/control/status", "/control/requests", "/control/requests/1"}) {
    EXPECT_EQ(server.get(path).status, 404) << path;
  }
  EXPECT_EQ(server.post("/control/drain", "").status, 404);
  struct stat made {};
  ASSERT_EQ(::stat(server.socket_path.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0600u);
}

TEST(Control, MayBeOff) {
  ServerHarnessOptions options;
  options.server.control = false;
  ServerHarness server(options);
  HttpClient client = server.unix_socket();
  client.get("/control/status");
  EXPECT_EQ(client.read_reply().status, 404);
  client.get("/health");
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Control, StatusShowsModelSchedulerMemoryConnections) {
  ServerHarness server;
  HttpClient client = server.unix_socket();
  client.get("/control/status");
  const json::value status = json::parse(client.read_reply().body);
  EXPECT_EQ(status.at("model").at("id"), "test-model");
  EXPECT_EQ(status.at("draining"), false);
  EXPECT_EQ(status.at("scheduler").at("kv_pages").at("total"), 256);
  EXPECT_EQ(status.at("scheduler").at("kv_pages").at("free"), 256);
  EXPECT_GT(status.at("memory").at("kv_pages_bytes").to_number<std::int64_t>(), 0);
  EXPECT_EQ(status.at("connections").at("open"), 1);
  EXPECT_GE(status.at("uptime_s").to_number<double>(), 0.0);
}

TEST(Control, ListsShowsAndCancelsRequests) {
  ServerHarnessOptions options;
  options.gated = true;
  ServerHarness server(options);
  int n_steps = 0;
  for (const bool by_delete : {true, false}) {
    HttpClient stream = server.tcp(), local = server.unix_socket();
    stream.post("/v1/completions", R"({"prompt":"a","max_tokens":9,"stream":true})", "X-Request-Id: job-7\r\n");
    EXPECT_EQ(stream.read_head().status, 200);
    server.gate.wait_for_arrival(++n_steps);
    local.get("/control/requests");
    const json::array requests = json::parse(local.read_reply().body).at("requests").as_array();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].at("label"), "POST /v1/completions job-7");
    EXPECT_EQ(requests[0].at("max_tokens"), 9);
    const std::string path = fmt::format("/control/requests/{}", requests[0].at("id").to_number<std::uint64_t>());
    local.get(path);
    EXPECT_EQ(json::parse(local.read_reply().body).at("prompt_tokens"), 1);
    local.send(fmt::format("{} {}{} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", by_delete ? "DELETE" : "POST",
                           path, by_delete ? "" : "/cancel"));
    EXPECT_EQ(local.read_reply().status, 200);
    server.gate.let_pass(1);
    EXPECT_EQ(event_json(stream.read_event()).at("error").at("code"), "cancelled");
    EXPECT_EQ(stream.read_event(), "") << "no [DONE] after an error";
    server.eventually_all_pages_free();
    ServerHarness::eventually("the end is in the history", [&] {  // the connection's side ends a moment later
      HttpClient again = server.unix_socket();
      again.get(path);
      const Reply reply = again.read_reply();
      return reply.status == 200 && json::parse(reply.body).at("state") == "finished";
    });
    HttpClient again = server.unix_socket();
    again.get("/control/requests");
    EXPECT_TRUE(json::parse(again.read_reply().body).at("requests").as_array().empty());
    again.get("/control/history");
    const json::value newest = json::parse(again.read_reply().body).at("requests").at(0);
    EXPECT_EQ(newest.at("finish_reason"), "cancelled");
    EXPECT_EQ(newest.at("label"), "POST /v1/completions job-7");
  }
}

TEST(Control, UnknownRequestsAre404) {
  ServerHarness server;
  HttpClient local = server.unix_socket();
  local.get("/control/requests/999");
  EXPECT_EQ(local.read_reply().status, 404);
  local.get("/control/requests/abc");
  EXPECT_EQ(local.read_reply().status, 400);
  local.get("/control/requests/99999999999999999999");
  EXPECT_EQ(local.read_reply().status, 400);
  local.send("DELETE /control/requests/999 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(local.read_reply().status, 404);
}

}  // namespace
}  // namespace quern::test
