// What clients can ask of the scheduler, over real sockets: cached prompts, priorities, limits in time, replacement of
// older requests, and where the time of a request went.
#include "server/tenant.hpp"
#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

std::string completion(std::string_view prompt, std::string_view more = "") {
  return fmt::format(R"({{"prompt":"{}","max_tokens":4{}}})", prompt, more);
}

std::int64_t cached_tokens(const Reply& reply) {
  return json::parse(reply.body).at("usage").at("prompt_tokens_details").at("cached_tokens").to_number<std::int64_t>();
}

TEST(Caching, IsToldAndKeptApartBySaltAndByWish) {
  ServerHarness server;
  const std::string prompt(50, 'x');
  EXPECT_EQ(cached_tokens(server.post("/v1/completions", completion(prompt))), 0);
  EXPECT_EQ(cached_tokens(server.post("/v1/completions", completion(prompt))), 48);
  EXPECT_EQ(cached_tokens(server.post("/v1/completions", completion(prompt, R"(,"cache_salt":"mine")"))), 0);
  EXPECT_EQ(cached_tokens(server.post("/v1/completions", completion(prompt, R"(,"cache_salt":"mine")"))), 48);
  EXPECT_EQ(cached_tokens(server.post("/v1/completions", completion(prompt, R"(,"cache_prompt":false)"))), 0);
}

TEST(Caching, TenantsShareNothingWhereTheServerSaysSo) {
  ServerHarnessOptions options;
  options.server.private_cache = true;
  ServerHarness server(options);
  const std::string prompt(50, 'x');
  EXPECT_EQ(cached_tokens(server.post("/v1/completions", completion(prompt), "Authorization: Bearer a\r\n")), 0);
  EXPECT_EQ(cached_tokens(server.post("/v1/completions", completion(prompt), "Authorization: Bearer b\r\n")), 0);
  EXPECT_EQ(cached_tokens(server.post("/v1/completions", completion(prompt), "Authorization: Bearer a\r\n")), 48);
}

TEST(Caching, SeveralAnswersShareTheirPrompt) {
  ServerHarness server;
  const Reply reply = server.post("/v1/completions", completion(std::string(50, 'x'), R"(,"n":5)"));
  EXPECT_EQ(json::parse(reply.body).at("choices").as_array().size(), 5u);
  const sched::Snapshot now = server.scheduler->snapshot();
  EXPECT_EQ(now.prompt_tokens, 50u + 4 * 2) << "six whole pages are computed once";
}

TEST(Limits, WaitingTooLongIsA429WithRetryAfter) {
  ServerHarnessOptions options;
  options.gated = true;
  options.scheduler.max_running = 1;
  ServerHarness server(options);
  HttpClient first = server.tcp();
  first.post("/v1/completions", completion("a"));
  server.gate.wait_for_arrival(1);
  HttpClient second = server.tcp();
  second.post("/v1/completions", completion("b", R"(,"max_queue_ms":1)"));
  server.eventually("the second waits", [&] { return server.scheduler->snapshot().queued == 1; });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  server.gate.open();
  const Reply reply = second.read_reply();
  EXPECT_EQ(reply.status, 429) << reply.body;
  EXPECT_GE(std::stoi(std::string(reply.header("retry-after"))), 1);
  EXPECT_EQ(first.read_reply().status, 200);
}

TEST(Limits, BadValuesNameTheField) {
  ServerHarness server;
  const std::pair<const char*, const char*> cases[] = {
      {R"(,"priority":101)", "priority"},       {R"(,"priority":"high")", "priority"},
      {R"(,"deadline_ms":0)", "deadline_ms"},   {R"(,"max_queue_ms":-1)", "max_queue_ms"},
      {R"(,"max_itl_ms":1.5)", "max_itl_ms"},   {R"(,"cache_salt":5)", "cache_salt"},
      {R"(,"cache_prompt":1)", "cache_prompt"}, {R"(,"supersede_key":["x"])", "supersede_key"}};
  for (const auto& [more, field] : cases) {
    const Reply reply = server.post("/v1/completions", completion("a", more));
    EXPECT_EQ(reply.status, 400) << more;
    EXPECT_EQ(error_param(reply), field);
  }
  const std::string longer = fmt::format(R"(,"supersede_key":"{}")", std::string(257, 'k'));
  EXPECT_EQ(server.post("/v1/completions", completion("a", longer)).status, 400);
}

TEST(Supersede, TheNewerRequestOfTheSameClientReplacesTheOlder) {
  ServerHarnessOptions options;
  options.gated = true;
  ServerHarness server(options);
  const auto ask = [&](HttpClient& client, std::string_view key) {
    client.post("/v1/completions", R"({"prompt":"a","max_tokens":500,"supersede_key":"editor"})",
                fmt::format("Authorization: Bearer {}\r\n", key));
  };
  HttpClient older = server.tcp(), other = server.tcp(), newer = server.tcp();
  ask(older, "one");
  server.gate.wait_for_arrival(1);
  ask(other, "two");
  server.eventually("both are here", [&] { return server.scheduler->requests().size() == 2; });
  ask(newer, "one");
  server.eventually("all are here", [&] { return server.scheduler->requests().size() == 3; });
  server.gate.open();
  EXPECT_EQ(older.read_reply().status, 499);
  EXPECT_EQ(newer.read_reply().status, 200);
  EXPECT_EQ(other.read_reply().status, 200);
}

TEST(Times, AreInTheHeaderOfAWholeAnswerAndInTheTrailerOfAStream) {
  ServerHarness server;
  const Reply whole = server.post("/v1/completions", completion("a"));
  EXPECT_TRUE(whole.header("server-timing").starts_with("queue;dur=")) << whole.header("server-timing");
  HttpClient client = server.tcp();
  client.post("/v1/completions", completion("a", R"(,"stream":true)"), "TE: trailers\r\n");
  EXPECT_EQ(client.read_head().header("trailer"), "Server-Timing");
  while (!client.read_event().empty()) {
  }
  ASSERT_EQ(client.trailers().size(), 1u);
  EXPECT_TRUE(client.trailers()[0].starts_with("Server-Timing: queue;dur="));
}

TEST(Control, ShowsMemoryAndTheTimesOfARequest) {
  ServerHarnessOptions options;
  options.gated = true;
  ServerHarness server(options);
  HttpClient client = server.tcp();
  client.post("/v1/completions", completion("abc", R"(,"priority":7)"), "Authorization: Bearer secret\r\n");
  server.gate.wait_for_arrival(1);
  HttpClient control = server.unix_socket();
  control.get("/control/requests");
  const json::value requests = json::parse(control.read_reply().body).at("requests");
  ASSERT_EQ(requests.as_array().size(), 1u);
  const json::value& request = requests.at(0);
  EXPECT_EQ(request.at("tenant").get_string(), server::tenant_of_key("secret"));
  EXPECT_EQ(request.at("priority"), 7);
  double sum = 0;
  for (const auto& [name, seconds] : request.at("times").as_object()) sum += seconds.to_number<double>();
  EXPECT_NEAR(sum, request.at("age_s").to_number<double>(), 1e-6);
  HttpClient memory = server.unix_socket();
  memory.get("/control/memory");
  const json::value kv = json::parse(memory.read_reply().body).at("kv");
  EXPECT_GT(kv.at("in_use_bytes").to_number<std::uint64_t>(), 0u);
  server.gate.open();
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Watchdog, HealthFailsWhileAStepDoesNotEnd) {
  ServerHarnessOptions options;
  options.gated = true;
  options.server.limits.watchdog = std::chrono::milliseconds(20);
  ServerHarness server(options);
  EXPECT_EQ(server.get("/health").status, 200);
  HttpClient client = server.tcp();
  client.post("/v1/completions", completion("a"));
  server.eventually("the engine counts as stalled", [&] { return server.get("/health").status == 503; });
  server.gate.open();
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(server.get("/health").status, 200);
}

TEST(Tenant, IsTheKeyOrTheUserOrNobody) {
  EXPECT_EQ(server::tenant_of("", std::nullopt), "anonymous");
  EXPECT_EQ(server::tenant_of("", uid_t{1000}), "uid-1000");
  EXPECT_EQ(server::tenant_of("k", uid_t{1000}), server::tenant_of_key("k"));
  EXPECT_NE(server::tenant_of_key("k"), server::tenant_of_key("l"));
  EXPECT_EQ(server::tenant_of_key("k").find('k', 4), std::string::npos) << "a key does not show";
}

}  // namespace
}  // namespace quern::test
