#include "server/api/openai/chat_json.hpp"

#include "tests/server/api/document_of.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

const ServerLimits kLimits;
const RequestRules kRules{kLimits, 100};

Result<ChatTurn> parse(std::string_view body) {
  return parsed(&parse_chat_request, body, kRules);
}

// The messages as templates read them.
std::string messages_json(const ChatTurn& request) {
  json::array out;
  for (const Message& message : request.conversation.messages) out.push_back(template_message(message));
  return boost::json::serialize(out);
}

std::string tools_json(const ChatTurn& request) {
  json::array out;
  for (const Tool& tool : request.conversation.tools) out.push_back(tool.definition);
  return boost::json::serialize(out);
}

// A good request with further fields.
std::string with(std::string_view fields) {
  return fmt::format(R"({{"messages":[{{"role":"user","content":"hi"}}],{}}})", fields);
}

TEST(ChatRequest, ReadsRolesAndParts) {
  const Result<ChatTurn> request = parse(R"({"messages":[
    {"role":"developer","content":"be brief"},
    {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"Ann"},
    {"role":"assistant","content":"c","refusal":null,"tool_calls":[],"annotations":[],"audio":null,"function_call":null},
    {"role":"user","content":[]}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(messages_json(*request),
            R"([{"role":"developer","content":"be brief"},)"
            R"({"role":"user","name":"Ann","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},)"
            R"({"role":"assistant","content":"c"},{"role":"user","content":[]}])");
}

TEST(ChatRequest, ReadsToolsAndWhatTheyAnswered) {
  const Result<ChatTurn> request = parse(R"({"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],
    "tool_choice":"required","reasoning_effort":"low","chat_template_kwargs":{"enable_thinking":false},
    "add_generation_prompt":false,"messages":[
    {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
      {"index":0,"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},
      {"function":{"name":"g","arguments":{"a":1}}}]},
    {"role":"tool","tool_call_id":"1","content":"42"}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(messages_json(*request), R"([{"role":"assistant","reasoning_content":"hm","tool_calls":[)"
                                     R"({"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},)"
                                     R"({"type":"function","function":{"name":"g","arguments":{"a":1}}}]},)"
                                     R"({"role":"tool","tool_call_id":"1","content":"42"}])");
  EXPECT_EQ(request->conversation.tools.size(), 1u);
  EXPECT_EQ(request->conversation.calls, Conversation::Calls::required);
  EXPECT_FALSE(request->conversation.add_generation_prompt);
  EXPECT_EQ(boost::json::serialize(request->conversation.variables),
            R"({"tool_choice":"required","reasoning_effort":"low","enable_thinking":false})");
}

TEST(ChatRequest, NullIsAbsentEverywhere) {
  const Result<ChatTurn> request = parse(R"({"top":null,"stream_options":{"x":null},"logit_bias":{"1":null},
    "chat_template_kwargs":{"messages":null,"a":null,"b":1},"reasoning":null,"messages":[
    {"role":"user","m":null,"content":[{"type":"text","text":"a","p":null}]},
    {"role":"assistant","content":null,"tool_calls":[
      {"id":null,"c":null,"type":null,"function":{"name":"f","n":null,"arguments":{"kept":null}}}]}],
    "tools":[{"type":"function","t":null,"function":{"name":"f","description":null,"strict":null,
              "parameters":{"type":"object","properties":{"a":{"default":null}}}}}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(messages_json(*request), R"([{"role":"user","content":[{"type":"text","text":"a"}]},)"
                                     R"({"role":"assistant","tool_calls":[{"type":"function",)"
                                     R"("function":{"name":"f","arguments":{"kept":null}}}]}])");
  EXPECT_EQ(tools_json(*request), R"([{"type":"function","function":{"name":"f",)"
                                  R"("parameters":{"type":"object","properties":{"a":{"default":null}}}}}])");
  EXPECT_EQ(boost::json::serialize(request->conversation.variables), R"({"b":1})");
  EXPECT_TRUE(request->fields.sampling.logit_bias.empty());
}

TEST(ChatRequest, FurtherFieldsOfATextPartAreForTheTemplate) {
  const Result<ChatTurn> request = parse(R"({"messages":[{"role":"user","content":[
    {"cache_control":{"type":"ephemeral"},"type":"text","citations":[1],"text":"a"}]}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(boost::json::serialize(template_message(request->conversation.messages.at(0)).at("content")),
            R"([{"cache_control":{"type":"ephemeral"},"type":"text","citations":[1],"text":"a"}])");
}

TEST(ChatRequest, HintsForOtherServersChangeNoPrompt) {
  const Result<ChatTurn> request = parse(R"({"client_metadata":{"a":1},"cache_control":{"type":"ephemeral"},
    "messages":[{"role":"user","content":"a","cache_control":{"type":"ephemeral"},"copilot_cache_control":{"x":1}},
    {"role":"assistant","id":"m1","content":"b","annotations":[{"x":1}],"reasoning_details":[{"text":"r"}],
     "thinking_blocks":[],"signature":"s","provider_specific_fields":{"x":1}}],
    "tools":[{"type":"function","cache_control":{"type":"ephemeral"},"function":{"name":"f","cache_control":{}}}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(messages_json(*request), R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])");
  EXPECT_EQ(tools_json(*request), R"([{"type":"function","function":{"name":"f"}}])");
}

TEST(ChatRequest, ReasoningHasTwoNames) {
  for (const char* fields :
       {R"("reasoning":"r")", R"("reasoning_content":"r")", R"("reasoning":"r","reasoning_content":"r")"}) {
    const Result<ChatTurn> request =
        parse(fmt::format(R"({{"messages":[{{"role":"assistant","content":"b",{}}}]}})", fields));
    ASSERT_TRUE(request) << request.error().detail;
    EXPECT_EQ(messages_json(*request), R"([{"role":"assistant","reasoning_content":"r","content":"b"}])");
  }
  for (const char* fields : {R"("reasoning_effort":"low")", R"("reasoning":{"effort":"low","summary":"auto"})",
                             R"("reasoning_effort":"low","reasoning":{"effort":"low"})"}) {
    EXPECT_EQ(boost::json::serialize(parse(with(fields)).value().conversation.variables),
              R"({"reasoning_effort":"low"})");
  }
  EXPECT_TRUE(parse(with(R"("reasoning":{},"verbosity":"medium")")).value().conversation.variables.empty());
}

TEST(ChatRequest, ToolChoiceNoneHidesTheTools) {
  const Result<ChatTurn> request =
      parse(with(R"("tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none")"));
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_TRUE(request->conversation.tools.empty());
}

TEST(ChatRequest, AcceptsWhatOfficialClientsSendWithoutMeaning) {
  for (
      const char* fields :
      {R"("user":"u","store":true,"metadata":{},"service_tier":"default","parallel_tool_calls":true)",
       R"("tools":[],"tool_choice":"auto","functions":null,"function_call":"none","response_format":{"type":"text"})",
       R"("modalities":["text"],"logprobs":false,"top_logprobs":0,"audio":null,"prediction":null,"reasoning_effort":null)",
       R"("max_completion_tokens":5,"max_tokens":5,"safety_identifier":"x","prompt_cache_key":"y")",
       R"("stream":true,"stream_options":null,"n":2,"logprobs":true,"top_logprobs":20)"}) {
    const Result<ChatTurn> request = parse(with(fields));
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
      Bad{with(R"("response_format":{"type":"xml"})"), "response_format.type"},
      Bad{with(R"("response_format":{})"), "response_format.type"},
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
      Bad{with(R"("logprobs":true,"top_logprobs":21)"), "top_logprobs"},
      Bad{with(R"("logprobs":true,"top_logprobs":-1)"), "top_logprobs"},
      Bad{with(R"("logprobs":true,"top_logprobs":"5")"), "top_logprobs"},
      Bad{with(R"("top_logprobs":5)"), "top_logprobs"},
      Bad{with(R"("n_probs":5)"), "n_probs"},
      Bad{with(R"("logprobs":1)"), "logprobs"},
      Bad{with(R"("n":1.5)"), "n"},
      Bad{with(R"("prompt":"x")"), "prompt"},
      Bad{with(R"("stop":[1])"), "stop[0]"},
  };
  for (const Bad& bad : kBad) {
    const Result<ChatTurn> request = parse(bad.body);
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

}  // namespace
}  // namespace quern::server
