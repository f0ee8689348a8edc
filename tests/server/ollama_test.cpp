// Ollama's API over sockets, with a scripted model.
#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

// The lines of a stream.
std::vector<json::value> lines_of(HttpClient& client) {
  std::vector<json::value> out;
  for (std::string line = client.read_stream_line(); !line.empty(); line = client.read_stream_line()) {
    out.push_back(json::parse(line));
    if (out.back().as_object().contains("error") || out.back().at("done").as_bool()) break;
  }
  return out;
}

TEST(Ollama, ChatStreamsLinesByDefault) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.post(
      "/api/chat",
      R"({"model":"test-model:latest","messages":[{"role":"user","content":"a"}],"options":{"num_predict":3,"num_ctx":4096}})");
  const Reply head = client.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "application/x-ndjson");
  EXPECT_EQ(head.header("x-quern-ignored"), "");
  const std::vector<json::value> lines = lines_of(client);
  ASSERT_GE(lines.size(), 2u);
  std::string text;
  for (const json::value& line : lines) {
    text += line.at("message").at("content").as_string();
    EXPECT_EQ(line.at("message").at("role"), "assistant");
    EXPECT_EQ(line.at("model"), "test-model:latest") << "as the client calls it";
  }
  EXPECT_EQ(text.size(), 3u);
  const json::value& last = lines.back();
  EXPECT_EQ(last.at("done_reason"), "length");
  EXPECT_EQ(last.at("eval_count"), 3);
  for (const char* name : {"total_duration", "load_duration", "prompt_eval_duration", "eval_duration"}) {
    EXPECT_GE(last.at(name).to_number<std::int64_t>(), 0) << name;
  }
}

TEST(Ollama, GenerateWholeAndRaw) {
  ServerHarness server;
  const json::value raw = json::parse(
      server.post("/api/generate", R"({"prompt":"a","raw":true,"stream":false,"options":{"num_predict":4}})").body);
  EXPECT_EQ(raw.at("response"), "bcde");
  EXPECT_EQ(raw.at("model"), "test-model");
  EXPECT_EQ(raw.at("done"), true);
  EXPECT_EQ(raw.at("prompt_eval_count"), 1);
  const json::value rendered = json::parse(
      server.post("/api/generate", R"({"prompt":"a","system":"b","stream":false,"options":{"num_predict":1}})").body);
  EXPECT_GT(rendered.at("prompt_eval_count").to_number<int>(), 2) << "the template's words are there too";
}

TEST(Ollama, NothingToAnswerIsLoadingAndUnloading) {
  ServerHarness server;
  EXPECT_EQ(json::parse(server.post("/api/generate", R"({"model":"test-model"})").body).at("done_reason"), "load");
  const json::value unload = json::parse(server.post("/api/chat", R"({"messages":[],"keep_alive":0})").body);
  EXPECT_EQ(unload.at("done_reason"), "unload");
  EXPECT_EQ(unload.at("message").at("content"), "");
}

TEST(Ollama, ErrorsAreText) {
  ServerHarness server;
  struct Case {
    const char* path;
    std::string body;
    unsigned status;
    const char* text;
  };
  const Case cases[] = {
      {"/api/chat", R"({"model":"other","messages":[{"role":"user","content":"a"}]})", 404, "not \"other\""},
      {"/api/chat", R"({"messages":[{"role":"robot","content":"a"}]})", 400, "messages[0].role"},
      {"/api/chat", R"({"messages":[{"role":"user","content":"a","images":["iVBOR"]}]})", 400, "messages[0].images"},
      {"/api/chat", R"({"messages":[{"role":"user","content":"a"}],"format":"xml"})", 400, "format"},
      {"/api/generate", R"({"prompt":"a","options":{"temperature":"hot"}})", 400, "options.temperature"},
      {"/api/generate", R"({"prompt":"a","suffix":"b"})", 400, "suffix"},
      {"/api/generate", R"({"prompt":"a","logprobs":true,"top_logprobs":21})", 400, "top_logprobs"},
      {"/api/generate", R"({"prompt":"a","top_logprobs":2})", 400, "top_logprobs"},
      {"/api/generate", R"({"prompt":"a","think":7})", 400, "think"},
      {"/api/generate", fmt::format(R"({{"prompt":"{}"}})", std::string(2000, 'a')), 400,
       "prompt too long; exceeded max context length by"},
      {"/api/generate", "{", 400, ""},
      {"/api/nothing", "{}", 404, "no such path"},
  };
  for (const Case& c : cases) {
    const Reply reply = server.post(c.path, c.body);
    EXPECT_EQ(reply.status, c.status) << c.body;
    const json::value error = json::parse(reply.body).at("error");
    ASSERT_TRUE(error.is_string()) << reply.body;
    EXPECT_NE(std::string(error.as_string()).find(c.text), std::string::npos) << reply.body;
  }
  EXPECT_TRUE(json::parse(server.post("/v1/nothing", "{}").body).at("error").is_object()) << "another dialect";
}

TEST(Ollama, WhatClientsSendAlongIsAccepted) {
  ServerHarness server;
  for (
      const char* body : {
          R"({"messages":[{"role":"user","content":"a","images":null,"tool_calls":null}],"tools":[],"think":false,"keep_alive":"5m","format":null,"stream":false,"options":{"num_predict":1,"num_ctx":8192,"use_mmap":null,"top_k":-1}})",
          R"({"messages":[{"role":"user","content":"a"}],"temperature":0.5,"tool_choice":"auto","stream":false,"think":null,"keep_alive":-1,"options":{"num_predict":1}})",
      }) {
    const Reply reply = server.post("/api/chat", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.header("x-quern-ignored"), "");
  }
}

TEST(Ollama, TellsWhatItHas) {
  ServerHarness server;
  const json::value tags = json::parse(server.get("/api/tags").body).at("models").at(0);
  EXPECT_EQ(tags.at("name"), "test-model:latest");
  for (const char* name : {"model", "modified_at", "size", "digest"}) EXPECT_TRUE(tags.as_object().contains(name));
  EXPECT_EQ(tags.at("digest").as_string().size(), 64u);
  for (const char* name : {"format", "family", "parameter_size", "quantization_level"}) {
    EXPECT_TRUE(tags.at("details").as_object().contains(name)) << name;
  }
  EXPECT_EQ(json::parse(server.get("/api/ps").body).at("models").at(0).at("context_length"), 1024);
  const json::value show = json::parse(server.post("/api/show", R"({"model":"test-model"})").body);
  EXPECT_EQ(show.at("model_info").at("general.architecture"), "fake");
  EXPECT_EQ(show.at("model_info").at("fake.context_length"), 1024);
  EXPECT_EQ(show.at("capabilities").at(0), "completion");
  EXPECT_EQ(server.post("/api/show", R"({"model":"other"})").status, 404);
  EXPECT_EQ(server.post("/api/show", R"({"name":"other"})").status, 404) << "the older name of the field";
  EXPECT_TRUE(json::parse(server.get("/api/version").body).at("version").is_string());
  EXPECT_EQ(server.get("/").status, 200);
}

}  // namespace
}  // namespace quern::test
