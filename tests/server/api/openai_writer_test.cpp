#include "server/api/openai/chat_writer.hpp"
#include "server/api/openai/completion_writer.hpp"

#include <array>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

namespace json = boost::json;
using models::End;
using models::EndReason;
using models::TextDelta;

// The data of the events in a piece of a stream; the last may be no JSON.
std::vector<std::string> events_of(std::string_view stream) {
  std::vector<std::string> out;
  while (!stream.empty()) {
    const std::size_t end = stream.find("\n\n");
    EXPECT_TRUE(stream.starts_with("data: ") && end != std::string_view::npos) << stream;
    out.emplace_back(stream.substr(6, end - 6));
    stream.remove_prefix(end + 2);
  }
  return out;
}

json::value event(AnswerWriter& writer, const models::AnswerEvent& event) {
  std::string out;
  writer.event(event, out);
  return json::parse(events_of(out).at(0));
}

json::value choice(AnswerWriter& writer, const models::AnswerEvent& what) {
  return event(writer, what).at("choices").at(0);
}

Envelope envelope() {
  return {"chatcmpl-1", 1700000000, "m"};
}

TEST(ChatWriter, StreamIsRoleThenContentThenReasonThenDone) {
  ChatWriter writer(envelope(), false, false);
  std::string out;
  writer.begin({}, 2, out);
  const auto opening = events_of(out);
  ASSERT_EQ(opening.size(), 2u) << "one per choice";
  EXPECT_EQ(json::parse(opening[0]).at("object"), "chat.completion.chunk");
  EXPECT_EQ(
      json::parse(opening[1]).at("choices").at(0),
      json::parse(R"({"index":1,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null})"));
  EXPECT_EQ(choice(writer, TextDelta{.text = "a"}),
            json::parse(R"({"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null})"));
  EXPECT_EQ(choice(writer, models::ReasoningDelta{.choice = 1, .text = "b"}),
            json::parse(R"({"index":1,"delta":{"reasoning_content":"b"},"logprobs":null,"finish_reason":null})"));
  EXPECT_EQ(choice(writer, End{.reason = EndReason::stop_sequence}),
            json::parse(R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"})"));
  out.clear();
  writer.finish({}, out);
  EXPECT_EQ(out, "data: [DONE]\n\n");
}

TEST(ChatWriter, CallsComeInPieces) {
  ChatWriter writer(envelope(), false, false);
  const json::value begin = choice(writer, models::ToolCallBegin{.call = 1, .id = "c1", .name = "f"});
  EXPECT_EQ(begin.at("delta").at("tool_calls"),
            json::parse(R"([{"index":1,"id":"c1","type":"function","function":{"name":"f","arguments":""}}])"));
  const json::value more = choice(writer, models::ToolCallDelta{.call = 1, .arguments = "{\"a"});
  EXPECT_EQ(more.at("delta").at("tool_calls"), json::parse(R"([{"index":1,"function":{"arguments":"{\"a"}}])"));
  EXPECT_EQ(choice(writer, End{.reason = EndReason::tool_calls}).at("finish_reason"), "tool_calls");
  const std::array choices{WholeChoice{.calls = {{"c1", "f", "{}"}}, .end = EndReason::tool_calls}};
  const json::value message = json::parse(writer.whole(choices, {})).at("choices").at(0).at("message");
  EXPECT_EQ(message, json::parse(R"({"role":"assistant","content":null,"refusal":null,"tool_calls":[
      {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]})"));
}

TEST(ChatWriter, LogprobsHaveTokensAndBytes) {
  ChatWriter writer(envelope(), true, false);
  const TextDelta delta{.text = "\xC3\xA9", .logprobs = {{.text = "\xC3\xA9", .bytes = "\xC3\xA9", .logprob = -0.25}}};
  EXPECT_EQ(
      choice(writer, delta).at("logprobs"),
      json::parse(R"({"content":[{"token":"é","logprob":-0.25,"bytes":[195,169],"top_logprobs":[]}],"refusal":null})"));
}

TEST(ChatWriter, LogprobsHaveAlternatives) {
  ChatWriter writer(envelope(), true, false);
  const TextDelta delta{.text = "a",
                        .logprobs = {{.text = "a",
                                      .bytes = "a",
                                      .logprob = -0.25,
                                      .top = {{.text = "a", .bytes = "a", .logprob = -0.25},
                                              {.text = "\uFFFD", .bytes = "\xC3", .logprob = -2}}}}};
  EXPECT_EQ(
      choice(writer, delta).at("logprobs").at("content").at(0).at("top_logprobs"),
      json::parse(R"([{"token":"a","logprob":-0.25,"bytes":[97]},{"token":"\uFFFD","logprob":-2,"bytes":[195]}])"));
}

TEST(ChatWriter, TimingsComeWithEveryPartWhereAskedFor) {
  ChatWriter writer(envelope(), false, true, true);
  ASSERT_TRUE(writer.wants_progress());
  EXPECT_FALSE(ChatWriter(envelope(), false, true).wants_progress());
  const AnswerFacts facts{
      .status = {
          .n_prompt = 10, .n_generated = 4, .n_cached = 8, .times = {.prefill = 0.5, .decode = 1.5, .parked = 0.5}}};
  writer.progress(facts);
  const json::value want = json::parse(R"({"cache_n":8,"prompt_n":2,"prompt_ms":500.0,"prompt_per_token_ms":250.0,
      "prompt_per_second":4.0,"predicted_n":4,"predicted_ms":2000.0,"predicted_per_token_ms":500.0,
      "predicted_per_second":2.0})");
  EXPECT_EQ(event(writer, TextDelta{.text = "a"}).at("timings"), want);
  std::string out;
  writer.finish(facts, out);
  EXPECT_EQ(json::parse(events_of(out).at(0)).at("timings"), want);
  const std::array choices{WholeChoice{.text = "x", .end = EndReason::turn}};
  EXPECT_EQ(json::parse(writer.whole(choices, facts)).at("timings"), want);
  EXPECT_FALSE(json::parse(ChatWriter(envelope(), false, true).whole(choices, facts)).as_object().contains("timings"));
}

TEST(ChatWriter, NothingDoneYetHasFiniteTimings) {
  ChatWriter writer(envelope(), false, false, true);
  writer.progress({});
  EXPECT_EQ(event(writer, TextDelta{.text = "a"}).at("timings").at("predicted_per_second"), 0.0);
}

TEST(ChatWriter, WholeAnswer) {
  const ChatWriter writer(envelope(), false, false);
  const std::array choices{WholeChoice{.text = "x", .reasoning = "why", .end = EndReason::turn},
                           WholeChoice{.text = "y", .end = EndReason::length}};
  const json::value whole = json::parse(
      writer.whole(choices, {.usage = {.prompt_tokens = 1, .completion_tokens = 2, .reasoning_tokens = 1}}));
  EXPECT_EQ(whole.at("object"), "chat.completion");
  EXPECT_EQ(whole.at("choices").at(0).at("message").at("reasoning_content"), "why");
  EXPECT_EQ(whole.at("choices").at(1),
            json::parse(R"({"index":1,"message":{"role":"assistant","content":"y","refusal":null},
                                                       "logprobs":null,"finish_reason":"length"})"));
  EXPECT_EQ(whole.at("usage"), json::parse(R"({"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,
      "prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":1}})"));
}

TEST(CompletionWriter, ChunksAreThoseOfTheApi) {
  CompletionWriter writer({"cmpl-1", 1700000000, "m"}, false, false);
  const json::value chunk = event(writer, TextDelta{.choice = 1, .text = "a\"\n"});
  EXPECT_EQ(chunk.at("id"), "cmpl-1");
  EXPECT_EQ(chunk.at("object"), "text_completion");
  EXPECT_EQ(chunk.at("created"), 1700000000);
  EXPECT_EQ(chunk.at("model"), "m");
  EXPECT_FALSE(chunk.as_object().contains("usage"));
  EXPECT_EQ(chunk.at("choices").at(0),
            json::parse(R"({"index":1,"text":"a\"\n","logprobs":null,"finish_reason":null})"));
  EXPECT_EQ(choice(writer, End{.choice = 1, .reason = EndReason::length}),
            json::parse(R"({"index":1,"text":"","logprobs":null,"finish_reason":"length"})"));
}

TEST(CompletionWriter, UsageComesInAChunkOfItsOwn) {
  CompletionWriter writer(envelope(), false, true);
  EXPECT_TRUE(event(writer, TextDelta{.text = "a"}).at("usage").is_null());
  std::string out;
  writer.finish({.usage = {.prompt_tokens = 3, .cached_tokens = 2, .completion_tokens = 4}}, out);
  const auto events = events_of(out);
  ASSERT_EQ(events.size(), 2u);
  const json::value usage = json::parse(events[0]);
  EXPECT_TRUE(usage.at("choices").as_array().empty());
  EXPECT_EQ(usage.at("usage").at("total_tokens"), 7);
  EXPECT_EQ(usage.at("usage").at("prompt_tokens_details").at("cached_tokens"), 2);
  EXPECT_EQ(events[1], "[DONE]");
}

TEST(CompletionWriter, AlternativesAreAMapWithTheDrawnTokenInIt) {
  CompletionWriter writer(envelope(), true, false);
  writer.set_alternatives(true);
  const TextDelta delta{
      .text = "ab",
      .logprobs = {{.text = "a", .logprob = -3, .top = {{.text = "x", .logprob = -0.5}, {.text = "x", .logprob = -1}}},
                   {.text = "b", .logprob = -0.25, .top = {{.text = "b", .logprob = -0.25}}}}};
  EXPECT_EQ(choice(writer, delta).at("logprobs").at("top_logprobs"), json::parse(R"([{"x":-0.5,"a":-3},{"b":-0.25}])"));
}

TEST(CompletionWriter, EchoesComeFirstOfEachChoice) {
  CompletionWriter writer(envelope(), false, false);
  writer.set_echoes({"one", "two"});
  std::string out;
  writer.begin({}, 4, out);
  const auto events = events_of(out);
  ASSERT_EQ(events.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const json::value choice = json::parse(events[i]).at("choices").at(0);
    EXPECT_EQ(choice.at("index"), i);
    EXPECT_EQ(choice.at("text"), i < 2 ? "one" : "two");
    EXPECT_TRUE(choice.at("finish_reason").is_null());
  }
  const std::array choices{WholeChoice{.text = "a", .end = EndReason::turn},
                           WholeChoice{.text = "b", .end = EndReason::turn}};
  const json::value whole = json::parse(writer.whole(choices, {}));
  EXPECT_EQ(whole.at("choices").at(0).at("text"), "onea");
  EXPECT_EQ(whole.at("choices").at(1).at("text"), "twob");
}

TEST(CompletionWriter, WholeAnswerWithLogprobs) {
  const CompletionWriter writer(envelope(), true, false);
  const std::array choices{
      WholeChoice{.text = "a\"",
                  .logprobs = {{.text = "a", .logprob = -0.5}, {.text = "\uFFFD", .logprob = -9999, .text_offset = 1}},
                  .end = EndReason::turn}};
  const json::value whole = json::parse(writer.whole(choices, {.usage = {.prompt_tokens = 1, .completion_tokens = 2}}));
  EXPECT_EQ(whole.at("choices").at(0), json::parse(R"({"index":0,"text":"a\"","logprobs":{"tokens":["a","\ufffd"],
      "token_logprobs":[-0.5,-9999],"top_logprobs":null,"text_offset":[0,1]},"finish_reason":"stop"})"));
  EXPECT_EQ(whole.at("usage").at("total_tokens"), 3);
}

TEST(OpenAiWriter, AFailureIsAnErrorEventWithoutDone) {
  ChatWriter writer(envelope(), false, false);
  std::string out;
  writer.failure({.status = 500, .message = "broken"}, out);
  EXPECT_EQ(json::parse(events_of(out).at(0)).at("error").at("message"), "broken");
}

}  // namespace
}  // namespace quern::server
