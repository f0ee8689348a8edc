#include "server/api/anthropic/messages_json.hpp"

#include "server/api/anthropic/messages_writer.hpp"
#include "tests/server/api/document_of.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

const ServerLimits kLimits;
const RequestRules kRules{kLimits, 100};

std::string messages_of(std::string_view body) {
  const Result<ChatTurn> turn = parsed(&parse_messages_request, body, kRules);
  if (!turn) return turn.error().detail;
  json::array out;
  for (const Message& message : turn->conversation.messages) out.push_back(template_message(message));
  return json::serialize(out);
}

TEST(MessagesRequest, BlocksBecomeMessagesInTheirOrder) {
  EXPECT_EQ(messages_of(R"({"system":"s","messages":[
      {"role":"user","content":"a"},
      {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":""},{"type":"text","text":"b"},
          {"type":"tool_use","id":"1","name":"f","input":{"x":1}},{"type":"tool_use","id":"2","name":"g","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"2","content":"two"},
          {"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"one"}],"is_error":true},
          {"type":"text","text":"go on"}]},
      {"role":"system","content":"late"}]})"),
            R"([{"role":"system","content":"s"},{"role":"user","content":"a"},)"
            R"({"role":"assistant","reasoning_content":"t","tool_calls":[)"
            R"({"id":"1","type":"function","function":{"name":"f","arguments":{"x":1}}},)"
            R"({"id":"2","type":"function","function":{"name":"g","arguments":{}}}],"content":"b"},)"
            R"({"role":"tool","name":"g","tool_call_id":"2","content":"two"},)"
            R"({"role":"tool","name":"f","tool_call_id":"1","content":"one"},)"
            R"({"role":"user","content":"go on"},{"role":"system","content":"late"}])");
}

TEST(MessagesRequest, ADeferredToolStandsWhereItIsReferredTo) {
  const char* body = R"({"messages":[{"role":"user","content":[
      {"type":"tool_result","tool_use_id":"1","content":[{"type":"tool_reference","tool_name":"Fetch"}]}]}],
      "tools":[{"name":"Shell","input_schema":{"type":"object"}},
               {"name":"Fetch","description":"d","input_schema":{"type":"object"},"defer_loading":true},
               {"type":"web_search_20250305","name":"web_search"}]})";
  const ChatTurn turn = parsed(&parse_messages_request, body, kRules).value();
  ASSERT_EQ(turn.conversation.tools.size(), 1u);
  EXPECT_EQ(turn.conversation.tools[0].name, "Shell");
  EXPECT_NE(messages_of(body).find(R"(\"name\":\"Fetch\",\"description\":\"d\")"), std::string::npos)
      << messages_of(body);
}

TEST(MessagesRequest, ChoiceAndThinkingAreForTheTemplate) {
  const auto variables = [](std::string_view fields) {
    const std::string body = fmt::format(R"({{"messages":[{{"role":"user","content":"a"}}],{}}})", fields);
    return json::serialize(parsed(&parse_messages_request, body, kRules).value().conversation.variables);
  };
  EXPECT_EQ(variables(R"("tool_choice":{"type":"any","disable_parallel_tool_use":true})"),
            R"({"tool_choice":"required","enable_thinking":false})");
  EXPECT_EQ(variables(R"("thinking":{"type":"enabled","budget_tokens":1024},"output_config":{"effort":"low"})"),
            R"({"enable_thinking":true,"reasoning_effort":"low"})");
}

TEST(MessagesWriter, ReasoningAndCallsAreBlocks) {
  MessagesWriter writer("m");
  std::string out;
  writer.event(models::ReasoningDelta{.text = "t"}, out);
  writer.event(models::TextDelta{.text = "a"}, out);
  writer.event(models::ToolCallBegin{.id = "1", .name = "f"}, out);
  writer.event(models::ToolCallDelta{.arguments = "{}"}, out);
  writer.event(models::ToolCallEnd{}, out);
  writer.event(models::End{.reason = models::EndReason::tool_calls}, out);
  writer.finish({}, out);
  std::vector<std::string> names;
  for (std::size_t at = out.find("event: "); at != std::string::npos; at = out.find("event: ", at + 1)) {
    names.push_back(out.substr(at + 7, out.find('\n', at) - at - 7));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"content_block_start", "content_block_delta", "content_block_stop",
                                             "content_block_start", "content_block_delta", "content_block_stop",
                                             "content_block_start", "content_block_delta", "content_block_stop",
                                             "message_delta", "message_stop"}));
  EXPECT_NE(out.find(R"("content_block":{"type":"tool_use","id":"1","name":"f","input":{}})"), std::string::npos);
  EXPECT_NE(out.find(R"("index":2)"), std::string::npos);
  EXPECT_NE(out.find(R"("stop_reason":"tool_use")"), std::string::npos);
}

}  // namespace
}  // namespace quern::server
