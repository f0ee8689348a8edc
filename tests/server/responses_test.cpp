// The Responses API over sockets, with a scripted model.
#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

std::vector<json::value> events_of(HttpClient& client) {
  std::vector<json::value> out;
  for (std::string event = client.read_event(); !event.empty(); event = client.read_event()) {
    const std::size_t line = event.find('\n');
    out.push_back(json::parse(event.substr(line + 7)));
    EXPECT_EQ(event.substr(0, line), "event: " + std::string(out.back().at("type").as_string()));
    EXPECT_EQ(out.back().at("sequence_number").to_number<std::size_t>(), out.size() - 1);
  }
  return out;
}

TEST(Responses, StreamsTheEventsOfOneMessage) {
  ServerHarness server;
  server.backend.next_token = [](std::span<const engine::TokenId>) { return engine::TokenId{'x' - ' '}; };
  HttpClient client = server.tcp();
  client.post("/v1/responses", R"({"model":"test-model","input":"a","max_output_tokens":3,"stream":true})");
  EXPECT_EQ(client.read_head().status, 200);
  const std::vector<json::value> events = events_of(client);
  std::vector<std::string> names;
  for (const json::value& event : events) {
    const std::string name(event.at("type").as_string());
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"response.created", "response.in_progress", "response.output_item.added",
                                             "response.content_part.added", "response.output_text.delta",
                                             "response.output_text.done", "response.content_part.done",
                                             "response.output_item.done", "response.incomplete"}));
  const json::value& last = events.back().at("response");
  EXPECT_EQ(last.at("output").at(0).at("content").at(0).at("text"), "xxx");
  EXPECT_EQ(last.at("incomplete_details").at("reason"), "max_output_tokens");
  EXPECT_EQ(last.at("usage").at("output_tokens"), 3);
  EXPECT_EQ(last.at("id"), events[0].at("response").at("id"));
  const json::value& item = events[2];
  EXPECT_EQ(item.at("item").at("status"), "in_progress");
  EXPECT_EQ(events[4].at("item_id"), item.at("item").at("id"));
}

TEST(Responses, WholeCountAndEmptyInput) {
  ServerHarness server;
  const json::value whole = json::parse(server.post("/v1/responses", R"({"input":"a","max_output_tokens":2})").body);
  EXPECT_EQ(whole.at("object"), "response");
  EXPECT_EQ(whole.at("output").at(0).at("role"), "assistant");
  const json::value count = json::parse(server.post("/v1/responses/input_tokens", R"({"input":"a"})").body);
  EXPECT_EQ(count.at("input_tokens"), whole.at("usage").at("input_tokens"));
  const json::value chat = json::parse(
      server.post("/v1/chat/completions/input_tokens", R"({"messages":[{"role":"user","content":"a"}]})").body);
  EXPECT_EQ(chat.at("input_tokens"), count.at("input_tokens"));
  EXPECT_EQ(server.post("/v1/responses", R"({"input":"","max_output_tokens":1})").status, 200)
      << "Codex loads models so";
}

TEST(Responses, WhatCodexSendsIsAccepted) {
  ServerHarnessOptions options;
  options.chat_template =
      "{{ tools|length }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% for c in m.tool_calls or [] %}"
      "[{{ c.function.name }}{{ c.function.arguments.x }}]{% endfor %}{{ m.reasoning_content }}{% endfor %}";
  ServerHarness server(options);
  const char* body =
      R"({"model":"test-model","instructions":"i","store":false,"include":["reasoning.encrypted_content"],
      "reasoning":{"summary":"auto"},"parallel_tool_calls":true,"prompt_cache_key":"k","client_metadata":{"a":"b"},"text":{},
      "tools":[{"type":"function","name":"f","description":"d","strict":false,"parameters":{"type":"object"}},
               {"type":"namespace","name":"n","description":"d","tools":[{"type":"function","name":"g","parameters":{}}]},
               {"type":"web_search","external_web_access":false}],
      "input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"dev"}]},
               {"role":"user","content":"a"},
               {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"why"}],"encrypted_content":null},
               {"type":"message","role":"assistant","content":[{"type":"output_text","text":"b","annotations":[]}],"id":"m","status":"completed"},
               {"type":"function_call","call_id":"1","name":"g","namespace":"n","arguments":"{\"x\":7}","id":"fc"},
               {"type":"function_call_output","call_id":"1","output":"out"}],"max_output_tokens":1})";
  const Reply reply = server.post("/v1/responses", body);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.header("x-quern-ignored"), "");
}

TEST(Responses, ErrorsNameTheField) {
  ServerHarness server;
  for (const auto& [body, param] :
       {std::pair(R"({})", "input"),
        {R"({"input":[]})", "input"},
        {R"({"input":[{"type":"item_reference","id":"x"}]})", "input[0].type"},
        {R"({"input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]})",
         "input[0].content[0].type"},
        {R"({"input":"a","text":{"format":{"type":"json_schema"}}})", "text.format.schema"}}) {
    const Reply reply = server.post("/v1/responses", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(error_param(reply), param) << reply.body;
  }
  const Reply long_one = server.post("/v1/responses", fmt::format(R"({{"input":"{}"}})", std::string(3000, 'a')));
  EXPECT_EQ(json::parse(long_one.body).at("error").at("code"), "context_length_exceeded");
  EXPECT_NE(long_one.body.find("maximum context length is 1024 tokens"), std::string::npos) << long_one.body;
}

}  // namespace
}  // namespace quern::test
