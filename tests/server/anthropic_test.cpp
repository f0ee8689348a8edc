// Anthropic's API over sockets, with a scripted model.
#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

constexpr const char* kPath = "/v1/messages";

struct Event {
  std::string name;
  json::value data;
};

std::vector<Event> events_of(HttpClient& client) {
  std::vector<Event> out;
  for (std::string event = client.read_event(); !event.empty(); event = client.read_event()) {
    const std::size_t line = event.find('\n');
    EXPECT_TRUE(event.starts_with("event: ")) << event;
    out.push_back({event.substr(7, line - 7), json::parse(event.substr(line + 7))});
    EXPECT_EQ(out.back().data.at("type").as_string(), out.back().name);
  }
  return out;
}

std::string request(std::string_view fields) {
  return fmt::format(R"({{"model":"test-model","max_tokens":3,"messages":[{{"role":"user","content":"a"}}],{}}})",
                     fields);
}

TEST(Anthropic, StreamsNamedEventsAroundBlocks) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.post("/v1/messages?beta=true", request(R"("stream":true)"));
  EXPECT_EQ(client.read_head().header("content-type"), "text/event-stream; charset=utf-8");
  const std::vector<Event> events = events_of(client);
  ASSERT_GE(events.size(), 7u);
  EXPECT_EQ(events[0].name, "message_start");
  EXPECT_GT(events[0].data.at("message").at("usage").at("input_tokens").to_number<int>(), 0);
  EXPECT_EQ(events[1].name, "ping");
  EXPECT_EQ(events[2].name, "content_block_start");
  std::string text;
  for (const Event& event : events) {
    if (event.name == "content_block_delta") text += event.data.at("delta").at("text").as_string();
  }
  EXPECT_EQ(text.size(), 3u);
  const std::size_t n = events.size();
  EXPECT_EQ(events[n - 3].name, "content_block_stop");
  EXPECT_EQ(events[n - 2].data.at("delta").at("stop_reason"), "max_tokens");
  EXPECT_EQ(events[n - 2].data.at("usage").at("output_tokens"), 3);
  EXPECT_EQ(events[n - 1].name, "message_stop");
}

TEST(Anthropic, WholeMessageAndStopSequence) {
  ServerHarness server;
  const std::string first = std::string(
      json::parse(server.post(kPath, request(R"("top_k":1)")).body).at("content").at(0).at("text").as_string());
  ASSERT_EQ(first.size(), 3u);
  const json::value stopped =
      json::parse(server.post(kPath, request(fmt::format(R"("stop_sequences":["{}"])", first.substr(1, 1)))).body);
  EXPECT_EQ(stopped.at("content").at(0).at("text").as_string(), first.substr(0, 1));
  EXPECT_EQ(stopped.at("stop_reason"), "stop_sequence");
  EXPECT_EQ(stopped.at("stop_sequence").as_string(), first.substr(1, 1));
  EXPECT_EQ(stopped.at("type"), "message");
}

TEST(Anthropic, CountsTokensAndWhatWasCached) {
  ServerHarness server;
  const std::string body =
      fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}],"max_tokens":1}})", std::string(100, 'a'));
  const auto n = json::parse(server.post("/v1/messages/count_tokens", body).body).at("input_tokens").to_number<int>();
  EXPECT_GT(n, 100);
  for (int round = 0; round < 2; ++round) {
    const json::value usage = json::parse(server.post(kPath, body).body).at("usage");
    const auto cached = usage.at("cache_read_input_tokens").to_number<int>();
    EXPECT_EQ(usage.at("input_tokens").to_number<int>() + cached, n);
    EXPECT_EQ(cached > 0, round == 1);
  }
}

TEST(Anthropic, ErrorsHaveItsShape) {
  ServerHarness server;
  struct Case {
    std::string body;
    unsigned status;
    const char* type;
    std::string text;
  };
  const Case cases[] = {
      {R"({"model":"other","messages":[{"role":"user","content":"a"}]})", 404, "not_found_error", "other"},
      {R"({"messages":[]})", 400, "invalid_request_error", "messages"},
      {R"({"messages":[{"role":"user","content":[{"type":"image","source":{}}]}]})", 400, "invalid_request_error",
       "messages[0].content[0].type"},
      {fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}]}})", std::string(3000, 'a')), 400,
       "invalid_request_error", "prompt is too long: "},
  };
  for (const Case& c : cases) {
    const Reply reply = server.post(kPath, c.body);
    EXPECT_EQ(reply.status, c.status) << reply.body;
    const json::value body = json::parse(reply.body);
    EXPECT_EQ(body.at("type"), "error");
    EXPECT_EQ(body.at("error").at("type"), c.type);
    EXPECT_NE(std::string(body.at("error").at("message").as_string()).find(c.text), std::string::npos) << reply.body;
  }
  EXPECT_EQ(json::parse(server.get("/v1/messages").body).at("type"), "error") << "405 too";
  const json::value thread = json::parse(server.post(kPath, request(R"("thread":{"type":"create"})")).body);
  EXPECT_EQ(thread.at("error").at("details"),
            json::parse(R"({"error_code":"thread_unsupported_request","unsupported":["thread"]})"));
}

TEST(Anthropic, TheLimitThatAPromptExceedsIsTheOneNamed) {
  ServerHarnessOptions options;
  options.server.limits.max_prompt_tokens = 50;
  ServerHarness server(options);
  const Reply reply =
      server.post(kPath, fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}]}})", std::string(100, 'a')));
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find(" tokens > 50 maximum"), std::string::npos) << reply.body;
}

TEST(Anthropic, WhatChangesWithEveryRequestIsNoPrompt) {
  ServerHarness server;
  const auto count = [&](std::string_view billing) {
    return server
        .post(
            "/v1/messages/count_tokens",
            request(fmt::format(
                R"("system":[{{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.{};"}},{{"type":"text","text":"be kind","cache_control":{{"type":"ephemeral"}}}}])",
                billing)))
        .body;
  };
  EXPECT_EQ(count("1"), count("22222"));
}

TEST(Anthropic, WhatAgentsSendIsAccepted) {
  ServerHarness server;
  const Reply reply = server.post(kPath, R"({"model":"test-model","max_tokens":32000,"stream":false,
      "system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],
      "messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
                  {"role":"system","content":[{"type":"text","text":"late","cache_control":{"type":"ephemeral"}}]}],
      "thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"high"},
      "context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},
      "metadata":{"user_id":"{}"}})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.header("x-quern-ignored"), "");
}

TEST(Anthropic, ModelsHaveItsFieldsToo) {
  ServerHarness server;
  const json::value list = json::parse(server.get("/v1/models").body);
  EXPECT_EQ(list.at("has_more"), false);
  EXPECT_EQ(list.at("first_id"), "test-model");
  EXPECT_EQ(list.at("data").at(0).at("type"), "model");
  EXPECT_EQ(list.at("data").at(0).at("display_name"), "test-model");
}

}  // namespace
}  // namespace quern::test
