// What goes to each kind of server.
#include "models/remote/kinds.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::models {
namespace {

namespace json = boost::json;

Upstream upstream(UpstreamKind kind, const char* url = "https://there.example/v1/") {
  return {.url = quern::net::parse_url(url).value(), .kind = kind, .model = "m", .key = "secret"};
}

std::string header(const quern::net::HttpRequest& request, std::string_view name) {
  for (const auto& one : request.headers) {
    if (one.name == name) return one.value;
  }
  return "";
}

RemoteAsk conversation() {
  RemoteAsk ask;
  ask.messages = json::parse(R"([{"role":"system","content":"s"},{"role":"user","content":"u"},
    {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},
    {"role":"tool","tool_call_id":"c","content":"r"},{"role":"user","content":[{"type":"text","text":"v"}]}])")
                     .as_array();
  ask.tools = json::parse(R"([{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}])").as_array();
  ask.sampling = {{"temperature", 0.5}};
  ask.max_tokens = 9;
  ask.stop = {"END"};
  return ask;
}

TEST(RemoteRequest, OpenAi) {
  RemoteAsk ask = conversation();
  ask.calls = RemoteAsk::Calls::named;
  ask.called_tool = "f";
  ask.form = RemoteAsk::Form::json_schema;
  ask.schema = json::object{{"type", "object"}};
  ask.logprobs = true;
  ask.n_top = 2;
  const auto request = OpenAiUpstream().request(ask, upstream(UpstreamKind::openai)).value();
  EXPECT_EQ(request.url.target, "/v1/chat/completions");
  EXPECT_EQ(header(request, "Authorization"), "Bearer secret");
  const json::object body = json::parse(request.body).as_object();
  EXPECT_EQ(body.at("messages"), ask.messages);
  EXPECT_EQ(body.at("tools"), ask.tools);
  EXPECT_EQ(body.at("tool_choice").at("function").at("name"), "f");
  EXPECT_EQ(body.at("response_format").at("json_schema").at("schema"), ask.schema);
  EXPECT_EQ(body.at("temperature"), 0.5);
  EXPECT_FALSE(body.contains("top_p")) << "what the request does not say is the upstream's to choose";
  EXPECT_EQ(body.at("top_logprobs"), 2);
  EXPECT_EQ(body.at("stream_options").at("include_usage"), true);
  EXPECT_EQ(body.at("max_tokens"), 9);
}

TEST(RemoteRequest, OpenAiCompletions) {
  const RemoteAsk ask{.chat = false, .prompts = {"a", "b"}, .n = 2};
  EXPECT_EQ(ask.n_choices(), 4u);
  const auto request = OpenAiUpstream().request(ask, upstream(UpstreamKind::openai)).value();
  EXPECT_EQ(request.url.target, "/v1/completions");
  EXPECT_EQ(json::parse(request.body).at("prompt").as_array().size(), 2u);
}

TEST(RemoteRequest, Ollama) {
  const auto request =
      OllamaUpstream().request(conversation(), upstream(UpstreamKind::ollama, "http://127.0.0.1:11434")).value();
  EXPECT_EQ(request.url.target, "/api/chat");
  const json::object body = json::parse(request.body).as_object();
  EXPECT_EQ(body.at("options").at("num_predict"), 9);
  EXPECT_EQ(body.at("options").at("temperature"), 0.5);
  const json::array& messages = body.at("messages").as_array();
  EXPECT_EQ(messages.at(2).at("tool_calls").at(0).at("function").at("arguments").at("x"), 1);
  EXPECT_EQ(messages.at(4).at("content"), "v");
}

TEST(RemoteRequest, Anthropic) {
  RemoteAsk ask = conversation();
  ask.calls = RemoteAsk::Calls::required;
  const auto request =
      AnthropicUpstream().request(ask, upstream(UpstreamKind::anthropic, "https://there.example")).value();
  EXPECT_EQ(request.url.target, "/v1/messages");
  EXPECT_EQ(header(request, "x-api-key"), "secret");
  EXPECT_EQ(header(request, "anthropic-version"), "2023-06-01");
  const json::object body = json::parse(request.body).as_object();
  EXPECT_EQ(body.at("system"), "s");
  const json::array& messages = body.at("messages").as_array();
  ASSERT_EQ(messages.size(), 3u) << "user, assistant, then the tool's answer and what the user says, as one";
  EXPECT_EQ(messages.at(1).at("content").at(0).at("input").at("x"), 1);
  EXPECT_EQ(messages.at(2).at("content").at(0).at("type"), "tool_result");
  EXPECT_EQ(messages.at(2).at("content").at(1).at("text"), "v");
  EXPECT_EQ(body.at("tool_choice").at("type"), "any");
  EXPECT_EQ(body.at("stop_sequences").at(0), "END");
}

TEST(RemoteRequest, WhatAKindHasNoWordForIsRefusedByName) {
  const auto field = [](const Result<quern::net::HttpRequest>& request) {
    EXPECT_FALSE(request);
    if (request) return std::string();
    EXPECT_EQ(request.error().code, Errc::unsupported);
    return request.error().field;
  };
  const Upstream ollama = upstream(UpstreamKind::ollama), anthropic = upstream(UpstreamKind::anthropic);
  EXPECT_EQ(field(OllamaUpstream().request({.n = 2}, ollama)), "n");
  EXPECT_EQ(field(OllamaUpstream().request({.logprobs = true}, ollama)), "logprobs");
  EXPECT_EQ(field(OllamaUpstream().request({.form = RemoteAsk::Form::regex}, ollama)), "response_format");
  EXPECT_EQ(field(AnthropicUpstream().request({.chat = false, .prompts = {"a"}}, anthropic)), "prompt");
  EXPECT_EQ(field(AnthropicUpstream().request({.form = RemoteAsk::Form::json_object}, anthropic)), "response_format");
  EXPECT_EQ(field(AnthropicUpstream().embed_request({"a"}, anthropic)), "input");
}

}  // namespace
}  // namespace quern::models
