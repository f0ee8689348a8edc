// Answers of each kind of server: the same events at every cut, and errors for what they do not speak.
#include "models/remote/kinds.hpp"
#include "tests/models/remote/event_text.hpp"

#include <gtest/gtest.h>

namespace quern::models {
namespace {

struct Read {
  std::string events;
  Status status;
  Usage usage;
  bool complete = false;
};

Read read(const RemoteDialect& dialect, const RemoteAsk& ask, const std::string& text, std::size_t cut) {
  const auto reader = dialect.reader(ask);
  std::vector<AnswerEvent> events;
  Read out;
  for (const std::string& piece : {text.substr(0, cut), text.substr(cut)}) {
    if (out.status) out.status = reader->read(piece, events);
  }
  out.complete = reader->complete();
  if (out.status) reader->finish(events);
  out.events = test::event_text(events);
  out.usage = reader->usage();
  return out;
}

void expect_at_every_cut(const RemoteDialect& dialect, const RemoteAsk& ask, const std::string& text,
                         const std::string& events) {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const Read found = read(dialect, ask, text, cut);
    ASSERT_TRUE(found.status) << found.status.error().detail;
    ASSERT_EQ(found.events, events) << cut;
    ASSERT_TRUE(found.complete);
  }
}

std::string sse(std::initializer_list<const char*> datas) {
  std::string out;
  for (const char* const data : datas) out += fmt::format("data: {}\n\n", data);
  return out;
}

TEST(OpenAiAnswer, TextThoughtsCallsAndUsage) {
  const std::string text = sse(
      {R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
       R"({"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]})",
       R"({"choices":[{"index":0,"delta":{"content":"a\u00e4"}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c0","function":{"name":"f","arguments":""}}]}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c1","function":{"name":"g","arguments":"{}"}}]}}]})",
       R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
       R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":3},)"
       R"("completion_tokens_details":{"reasoning_tokens":1}}})",
       "[DONE]"});
  const OpenAiUpstream dialect;
  expect_at_every_cut(dialect, {}, text,
                      "0 thought hm\n0 text a\xc3\xa4\n0 call 0 c0 f\n0 arguments 0 {\"x\"\n0 arguments 0 :1}\n"
                      "0 call end 0\n0 call 1 c1 g\n0 arguments 1 {}\n0 call end 1\n0 end tool_calls\n");
  const Usage usage = read(dialect, {}, text, 0).usage;
  EXPECT_EQ(usage.prompt_tokens, 7u);
  EXPECT_EQ(usage.completion_tokens, 5u);
  EXPECT_EQ(usage.cached_tokens, 3u);
  EXPECT_EQ(usage.reasoning_tokens, 1u);
}

TEST(OpenAiAnswer, SeveralChoicesAndStopSequences) {
  const RemoteAsk ask{.n = 2};
  const std::string text = sse(
      {R"({"choices":[{"index":1,"delta":{"content":"b"}}]})", R"({"choices":[{"index":0,"delta":{"content":"a"}}]})",
       R"({"choices":[{"index":1,"delta":{},"finish_reason":"length"}]})",
       R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop","stop_reason":"END"}]})", "[DONE]"});
  expect_at_every_cut(OpenAiUpstream(), ask, text, "1 text b\n0 text a\n0 end stop_sequence END\n1 end length\n");
}

TEST(OpenAiAnswer, LogProbabilitiesComeWithTheirText) {
  const std::string text = sse(
      {R"({"choices":[{"index":0,"delta":{"content":"ab"},"logprobs":{"content":[{"token":"a","bytes":[97],"logprob":-0.5,)"
       R"("top_logprobs":[{"token":"a","bytes":[97],"logprob":-0.5},{"token":"c","logprob":-1e999}]},)"
       R"({"token":"b","logprob":-1}]},"finish_reason":"stop"}]})",
       "[DONE]"});
  const auto reader = OpenAiUpstream().reader({.logprobs = true, .n_top = 2});
  std::vector<AnswerEvent> events;
  ASSERT_TRUE(reader->read(text, events));
  const auto& delta = std::get<TextDelta>(events.at(0));
  ASSERT_EQ(delta.logprobs.size(), 2u);
  EXPECT_EQ(delta.logprobs[0].bytes, "a");
  EXPECT_EQ(delta.logprobs[0].logprob, -0.5);
  ASSERT_EQ(delta.logprobs[0].top.size(), 2u);
  EXPECT_EQ(delta.logprobs[0].top[1].logprob, -9999);
  EXPECT_EQ(delta.logprobs[1].text_offset, 1u);
}

TEST(OpenAiAnswer, WhatIsNoAnswerIsAnError) {
  const OpenAiUpstream dialect;
  for (const char* const bad :
       {"data: hello\n\n", "data: []\n\n", "data: {\"choices\":[1]}\n\n", "data: {\"choices\":[{\"index\":1}]}\n\n",
        "data: {\"choices\":[{\"index\":-1,\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}\n\n",
        "data: "
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":7,\"function\":{\"name\":\"f\"}}]}}]}\n\n"}) {
    EXPECT_EQ(read(dialect, {}, bad, 0).status.error().code, Errc::corrupt) << bad;
  }
  const Read failed = read(dialect, {}, "data: {\"error\":{\"message\":\"out of memory\"}}\n\n", 0);
  EXPECT_EQ(failed.status.error().code, Errc::io);
  EXPECT_NE(failed.status.error().detail.find("out of memory"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += '[';
  EXPECT_EQ(read(dialect, {}, "data: {\"choices\":" + deep + "\n\n", 0).status.error().code, Errc::corrupt);
}

TEST(OpenAiAnswer, ACutOneIsNotComplete) {
  const Read cut = read(OpenAiUpstream(), {}, sse({R"({"choices":[{"index":0,"delta":{"content":"a"}}]})"}), 0);
  EXPECT_FALSE(cut.complete);
}

TEST(OllamaAnswer, TextThoughtsCallsAndUsage) {
  const std::string text =
      "{\"message\":{\"thinking\":\"hm\"},\"done\":false}\n{\"message\":{\"content\":\"a\"},\"done\":false}\n"
      "{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"x\":1}}}]},\"done\":false}\n"
      "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":7,\"eval_count\":5}"
      "\n";
  const OllamaUpstream dialect;
  expect_at_every_cut(dialect, {}, text,
                      "0 thought hm\n0 text a\n0 call 0 call_0 f\n0 arguments 0 {\"x\":1}\n0 call end 0\n"
                      "0 end tool_calls\n");
  EXPECT_EQ(read(dialect, {}, text, 0).usage.completion_tokens, 5u);
  EXPECT_EQ(read(dialect, {}, "{\"error\":\"no\"}\n", 0).status.error().code, Errc::io);
  EXPECT_EQ(read(dialect, {}, "nonsense\n", 0).status.error().code, Errc::corrupt);
}

TEST(AnthropicAnswer, TextThoughtsCallsAndUsage) {
  const std::string text = sse(
      {R"({"type":"message_start","message":{"usage":{"input_tokens":4,"cache_read_input_tokens":3,"output_tokens":1}}})",
       R"({"type":"ping"})", R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking"}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
       R"({"type":"content_block_stop","index":0})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"a"}})",
       R"({"type":"content_block_stop","index":1})",
       R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}})",
       R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
       R"({"type":"content_block_stop","index":2})",
       R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}})",
       R"({"type":"message_stop"})"});
  const AnthropicUpstream dialect;
  expect_at_every_cut(dialect, {}, text,
                      "0 thought hm\n0 text a\n0 call 0 t f\n0 arguments 0 {}\n0 call end 0\n0 end tool_calls\n");
  const Usage usage = read(dialect, {}, text, 0).usage;
  EXPECT_EQ(usage.prompt_tokens, 7u);
  EXPECT_EQ(usage.cached_tokens, 3u);
  EXPECT_EQ(usage.completion_tokens, 9u);
  EXPECT_EQ(read(dialect, {}, sse({R"({"type":"error","error":{"message":"Overloaded"}})"}), 0).status.error().code,
            Errc::io);
}

TEST(RemoteVectors, AreReadInTheOrderOfTheTexts) {
  const auto openai = OpenAiUpstream().read_vectors(
      R"({"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2.5]}],"usage":{"prompt_tokens":6}})", 2);
  EXPECT_EQ(openai.value().vectors.values, (std::vector<float>{1, 2.5f, 3, 4}));
  EXPECT_EQ(openai.value().n_tokens, 6u);
  const auto ollama = OllamaUpstream().read_vectors(R"({"embeddings":[[1,2],[3,4]],"prompt_eval_count":6})", 2);
  EXPECT_EQ(ollama.value().vectors.width, 2u);
  for (const char* const bad :
       {"{}", "[]", R"({"embeddings":[[1,2]]})", R"({"embeddings":[[1,2],[3]]})", R"({"embeddings":[[1,2],["a",3]]})",
        R"({"embeddings":[[],[]]})", R"({"embeddings":[[1,2],[1e300,3]]})"}) {
    EXPECT_EQ(OllamaUpstream().read_vectors(bad, 2).error().code, Errc::corrupt) << bad;
  }
}

}  // namespace
}  // namespace quern::models
