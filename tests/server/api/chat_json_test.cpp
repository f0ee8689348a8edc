#include "server/api/chat_json.hpp"

#include "tests/support/piece_tokenizer.hpp"

#include <array>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

const ServerLimits kLimits;
const RequestRules kRules{kLimits, 100};

Result<ChatRequest> parse(std::string_view body) {
  return parse_chat_request(body, kRules);
}

// A good request with further fields.
std::string with(std::string_view fields) {
  return fmt::format(R"({{"messages":[{{"role":"user","content":"hi"}}],{}}})", fields);
}

TEST(ChatRequest, ReadsRolesAndParts) {
  const Result<ChatRequest> request = parse(R"({"messages":[
    {"role":"developer","content":"be brief"},
    {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"Ann"},
    {"role":"assistant","content":"c","refusal":null,"tool_calls":[],"annotations":[],"audio":null,"function_call":null},
    {"role":"user","content":[]}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(boost::json::serialize(request->messages),
            R"([{"role":"developer","content":"be brief"},)"
            R"({"role":"user","name":"Ann","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},)"
            R"({"role":"assistant","content":"c"},{"role":"user","content":[]}])");
}

TEST(ChatRequest, ReadsToolsAndWhatTheyAnswered) {
  const Result<ChatRequest> request = parse(R"({"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],
    "tool_choice":"required","reasoning_effort":"low","chat_template_kwargs":{"enable_thinking":false},
    "add_generation_prompt":false,"messages":[
    {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
      {"index":0,"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},
      {"function":{"name":"g","arguments":{"a":1}}}]},
    {"role":"tool","tool_call_id":"1","content":"42"}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(boost::json::serialize(request->messages),
            R"([{"role":"assistant","reasoning_content":"hm","tool_calls":[)"
            R"({"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},)"
            R"({"type":"function","function":{"name":"g","arguments":{"a":1}}}]},)"
            R"({"role":"tool","tool_call_id":"1","content":"42"}])");
  EXPECT_EQ(request->tools.as_array().size(), 1u);
  EXPECT_TRUE(request->forces_tools);
  EXPECT_FALSE(request->add_generation_prompt);
  EXPECT_EQ(boost::json::serialize(request->template_variables),
            R"({"tool_choice":"required","reasoning_effort":"low","enable_thinking":false})");
}

TEST(ChatRequest, NullIsAbsentEverywhere) {
  const Result<ChatRequest> request = parse(R"({"top":null,"stream_options":{"x":null},"logit_bias":{"1":null},
    "chat_template_kwargs":{"messages":null,"a":null,"b":1},"reasoning":null,"messages":[
    {"role":"user","m":null,"content":[{"type":"text","text":"a","p":null}]},
    {"role":"assistant","content":null,"tool_calls":[
      {"id":null,"c":null,"type":null,"function":{"name":"f","n":null,"arguments":{"kept":null}}}]}],
    "tools":[{"type":"function","t":null,"function":{"name":"f","description":null,"strict":null,
              "parameters":{"type":"object","properties":{"a":{"default":null}}}}}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(boost::json::serialize(request->messages), R"([{"role":"user","content":[{"type":"text","text":"a"}]},)"
                                                       R"({"role":"assistant","tool_calls":[{"type":"function",)"
                                                       R"("function":{"name":"f","arguments":{"kept":null}}}]}])");
  EXPECT_EQ(boost::json::serialize(request->tools),
            R"([{"type":"function","function":{"name":"f",)"
            R"("parameters":{"type":"object","properties":{"a":{"default":null}}}}}])");
  EXPECT_EQ(boost::json::serialize(request->template_variables), R"({"b":1})");
  EXPECT_TRUE(request->fields.sampling.logit_bias.empty());
}

TEST(ChatRequest, FurtherFieldsOfATextPartAreForTheTemplate) {
  const Result<ChatRequest> request = parse(R"({"messages":[{"role":"user","content":[
    {"cache_control":{"type":"ephemeral"},"type":"text","citations":[1],"text":"a"}]}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(boost::json::serialize(request->messages.at(0).at("content")),
            R"([{"cache_control":{"type":"ephemeral"},"type":"text","citations":[1],"text":"a"}])");
}

TEST(ChatRequest, HintsForOtherServersChangeNoPrompt) {
  const Result<ChatRequest> request = parse(R"({"client_metadata":{"a":1},"cache_control":{"type":"ephemeral"},
    "messages":[{"role":"user","content":"a","cache_control":{"type":"ephemeral"},"copilot_cache_control":{"x":1}},
    {"role":"assistant","id":"m1","content":"b","annotations":[{"x":1}],"reasoning_details":[{"text":"r"}],
     "thinking_blocks":[],"signature":"s","provider_specific_fields":{"x":1}}],
    "tools":[{"type":"function","cache_control":{"type":"ephemeral"},"function":{"name":"f","cache_control":{}}}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(boost::json::serialize(request->messages),
            R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])");
  EXPECT_EQ(boost::json::serialize(request->tools), R"([{"type":"function","function":{"name":"f"}}])");
}

TEST(ChatRequest, ReasoningHasTwoNames) {
  for (const char* fields :
       {R"("reasoning":"r")", R"("reasoning_content":"r")", R"("reasoning":"r","reasoning_content":"r")"}) {
    const Result<ChatRequest> request =
        parse(fmt::format(R"({{"messages":[{{"role":"assistant","content":"b",{}}}]}})", fields));
    ASSERT_TRUE(request) << request.error().detail;
    EXPECT_EQ(boost::json::serialize(request->messages),
              R"([{"role":"assistant","reasoning_content":"r","content":"b"}])");
  }
  for (const char* fields : {R"("reasoning_effort":"low")", R"("reasoning":{"effort":"low","summary":"auto"})",
                             R"("reasoning_effort":"low","reasoning":{"effort":"low"})"}) {
    EXPECT_EQ(boost::json::serialize(parse(with(fields)).value().template_variables), R"({"reasoning_effort":"low"})");
  }
  EXPECT_TRUE(parse(with(R"("reasoning":{},"verbosity":"medium")")).value().template_variables.empty());
}

TEST(ChatRequest, ToolChoiceNoneHidesTheTools) {
  const Result<ChatRequest> request =
      parse(with(R"("tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none")"));
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_TRUE(request->tools.is_null());
}

TEST(ChatRequest, AcceptsWhatOfficialClientsSendWithoutMeaning) {
  for (
      const char* fields :
      {R"("user":"u","store":true,"metadata":{},"service_tier":"default","parallel_tool_calls":true)",
       R"("tools":[],"tool_choice":"auto","functions":null,"function_call":"none","response_format":{"type":"text"})",
       R"("modalities":["text"],"logprobs":false,"top_logprobs":0,"audio":null,"prediction":null,"reasoning_effort":null)",
       R"("max_completion_tokens":5,"max_tokens":5,"safety_identifier":"x","prompt_cache_key":"y")",
       R"("stream":true,"stream_options":null,"n":2,"logprobs":true)"}) {
    const Result<ChatRequest> request = parse(with(fields));
    EXPECT_TRUE(request) << fields << ": " << request.error().detail;
  }
}

struct Bad {
  std::string body;
  const char* field;
};

TEST(ChatRequest, EveryErrorNamesItsField) {
  const std::array kBad{
      Bad{R"({})", "messages"},
      Bad{R"({"messages":[]})", "messages"},
      Bad{R"({"messages":"hi"})", "messages"},
      Bad{R"({"messages":["hi"]})", "messages[0]"},
      Bad{R"({"messages":[{"content":"x"}]})", "messages[0].role"},
      Bad{R"({"messages":[{"role":"user","content":"x"},{"role":"robot","content":"x"}]})", "messages[1].role"},
      Bad{R"({"messages":[{"role":"user","content":"x"},{"role":7,"content":"x"}]})", "messages[1].role"},
      Bad{R"({"messages":[{"role":"user"}]})", "messages[0].content"},
      Bad{R"({"messages":[{"role":"user","content":null}]})", "messages[0].content"},
      Bad{R"({"messages":[{"role":"user","content":5}]})", "messages[0].content"},
      Bad{R"({"messages":[{"role":"user","content":["x"]}]})", "messages[0].content[0]"},
      Bad{R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})",
          "messages[0].content[0].type"},
      Bad{R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio"}]}]})",
          "messages[0].content[1].type"},
      Bad{R"({"messages":[{"role":"user","content":[{"text":"a"}]}]})", "messages[0].content[0].type"},
      Bad{R"({"messages":[{"role":"user","content":[{"type":"text"}]}]})", "messages[0].content[0].text"},
      Bad{R"({"messages":[{"role":"user","content":[{"type":"text","text":1}]}]})", "messages[0].content[0].text"},
      Bad{R"({"messages":[{"role":"assistant","content":null}]})", "messages[0].content"},
      Bad{R"({"messages":[{"role":"assistant","tool_calls":[{"id":"1"}]}]})", "messages[0].tool_calls[0].function"},
      Bad{R"({"messages":[{"role":"assistant","tool_calls":[7]}]})", "messages[0].tool_calls[0]"},
      Bad{R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":1}}]}]})",
          "messages[0].tool_calls[0].function.arguments"},
      Bad{R"({"messages":[{"role":"assistant","tool_calls":[{"type":"custom","function":{}}]}]})",
          "messages[0].tool_calls[0].type"},
      Bad{R"({"messages":[{"role":"user","content":"x","tool_calls":[{"function":{"name":"f","arguments":""}}]}]})",
          "messages[0].tool_calls"},
      Bad{R"({"messages":[{"role":"user","content":"x","reasoning_content":1}]})", "messages[0].reasoning_content"},
      Bad{R"({"messages":[{"role":"user","content":"x","name":1}]})", "messages[0].name"},
      Bad{R"({"messages":[{"role":"user","content":"x","weight":1}]})", "messages[0].weight"},
      Bad{with(R"("tools":[{"type":"function"}])"), "tools[0].function"},
      Bad{with(R"("tools":[{"type":"function","function":{}}])"), "tools[0].function.name"},
      Bad{with(R"("tools":[{"type":"web_search"}])"), "tools[0].type"},
      Bad{with(R"("tools":["f"])"), "tools[0]"},
      Bad{with(R"("tool_choice":"always")"), "tool_choice"},
      Bad{with(R"("tool_choice":1)"), "tool_choice"},
      Bad{with(R"("chat_template_kwargs":{"messages":[]})"), "chat_template_kwargs"},
      Bad{with(R"("chat_template_kwargs":"x")"), "chat_template_kwargs"},
      Bad{with(R"("add_generation_prompt":1)"), "add_generation_prompt"},
      Bad{with(R"("functions":[{"name":"f"}])"), "functions"},
      Bad{with(R"("function_call":{"name":"f"})"), "function_call"},
      Bad{with(R"("response_format":{"type":"json_object"})"), "response_format"},
      Bad{with(R"("response_format":{})"), "response_format"},
      Bad{with(R"("response_format":"text")"), "response_format"},
      Bad{with(R"("modalities":["text","audio"])"), "modalities"},
      Bad{with(R"("audio":{"voice":"x"})"), "audio"},
      Bad{with(R"("web_search_options":{"a":1})"), "web_search_options"},
      Bad{with(R"("reasoning_effort":1)"), "reasoning_effort"},
      Bad{with(R"("reasoning_effort":"low","reasoning":{"effort":"high"})"), "reasoning.effort"},
      Bad{with(R"("reasoning":{"max_tokens":5})"), "reasoning.max_tokens"},
      Bad{with(R"("reasoning":"high")"), "reasoning"},
      Bad{with(R"("verbosity":"low")"), "verbosity"},
      Bad{R"({"messages":[{"role":"assistant","content":"x","reasoning":"a","reasoning_content":"b"}]})",
          "messages[0].reasoning"},
      Bad{R"({"messages":[{"role":"assistant","content":"x","reasoning":["a"]}]})", "messages[0].reasoning"},
      Bad{with(R"("logprobs":true,"top_logprobs":5)"), "top_logprobs"},
      Bad{with(R"("logprobs":1)"), "logprobs"},
      Bad{with(R"("n":1.5)"), "n"},
      Bad{with(R"("prompt":"x")"), "prompt"},
      Bad{with(R"("stop":[1])"), "stop[0]"},
  };
  for (const Bad& bad : kBad) {
    const Result<ChatRequest> request = parse(bad.body);
    ASSERT_FALSE(request) << bad.body;
    EXPECT_EQ(request.error().field, bad.field) << bad.body << ": " << request.error().detail;
  }
}

TEST(ChatRequest, LimitsTheMessages) {
  std::string body = R"({"messages":[)";
  for (std::uint32_t i = 0; i <= kLimits.max_messages; ++i) body += R"({"role":"user","content":""},)";
  body.back() = ']';
  EXPECT_EQ(parse(body + "}").error().field, "messages");
}

class ChatJson : public testing::Test {
 protected:
  const test::PieceTokenizer tokenizer_{{"a", "\xC3\xA9"}};
  const Envelope envelope_{"chatcmpl-1", 1700000000, "m"};
};

TEST_F(ChatJson, StreamIsRoleThenContentThenReason) {
  const ChatShape shape(envelope_, tokenizer_, false, false);
  const json::value opening = json::parse(shape.opening(0));
  EXPECT_EQ(opening.at("object"), "chat.completion.chunk");
  EXPECT_EQ(
      opening.at("choices").at(0),
      json::parse(R"({"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null})"));
  EXPECT_EQ(json::parse(shape.chunk({.text = "a"})).at("choices").at(0),
            json::parse(R"({"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null})"));
  EXPECT_EQ(json::parse(shape.closing({.finish = sched::FinishReason::stop})).at("choices").at(0),
            json::parse(R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"})"));
  EXPECT_TRUE(json::parse(shape.usage_chunk({})).at("choices").as_array().empty());
}

TEST_F(ChatJson, LogprobsHaveTokensAndBytes) {
  const ChatShape shape(envelope_, tokenizer_, true, false);
  const Delta delta{.text = "\xC3\xA9", .logprobs = {{1, -0.25f, 0}}};
  EXPECT_EQ(
      json::parse(shape.chunk(delta)).at("choices").at(0).at("logprobs"),
      json::parse(R"({"content":[{"token":"é","logprob":-0.25,"bytes":[195,169],"top_logprobs":[]}],"refusal":null})"));
}

TEST_F(ChatJson, BytesOfHalfACharacterAreItsHalf) {
  const test::PieceTokenizer halves({"\xC3", "\xA9"});
  const ChatShape shape(envelope_, halves, true, false);
  const Delta delta{.text = "\xC3\xA9", .logprobs = {{0, -0.25f, 0}, {1, -0.5f, 0}}};
  const json::value content = json::parse(shape.chunk(delta)).at("choices").at(0).at("logprobs").at("content");
  EXPECT_EQ(content.at(0).at("token"), "\uFFFD");
  EXPECT_EQ(content.at(0).at("bytes"), json::parse("[195]"));
  EXPECT_EQ(content.at(1).at("bytes"), json::parse("[169]"));
}

TEST_F(ChatJson, WholeAnswer) {
  const ChatShape shape(envelope_, tokenizer_, false, false);
  const std::array choices{WholeChoice{.text = "x", .finish = sched::FinishReason::stop},
                           WholeChoice{.text = "y", .finish = sched::FinishReason::length}};
  const json::value whole = json::parse(shape.whole(choices, {.prompt_tokens = 1, .completion_tokens = 2}));
  EXPECT_EQ(whole.at("object"), "chat.completion");
  EXPECT_EQ(whole.at("choices").at(1),
            json::parse(R"({"index":1,"message":{"role":"assistant","content":"y","refusal":null},
                                                       "logprobs":null,"finish_reason":"length"})"));
  EXPECT_EQ(whole.at("usage"), json::parse(R"({"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,
                                               "prompt_tokens_details":{"cached_tokens":0}})"));
}

}  // namespace
}  // namespace quern::server
