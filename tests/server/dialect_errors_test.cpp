// Errors over sockets that each dialect says in its own words and with the names of its own fields.
#include "tests/server/server_harness.hpp"

#include <string>

#include <fmt/format.h>

namespace quern::test {
namespace {

std::string message_of(const Reply& reply) {
  EXPECT_EQ(reply.status, 400) << reply.body;
  const json::value error = json::parse(reply.body).at("error");
  return std::string(error.is_string() ? error.as_string() : error.at("message").as_string());
}

// The template has no place for calls: what is refused is where the request has them.
TEST(DialectErrors, CallsAreWhereTheRequestHasThem) {
  ServerHarness server;
  const Reply chat = server.post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"a"},
      {"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]}]})");
  EXPECT_EQ(chat.status, 400);
  EXPECT_EQ(error_param(chat), "messages[1].tool_calls") << chat.body;
  const Reply responses = server.post("/v1/responses", R"({"instructions":"i","input":[{"role":"user","content":"a"},
      {"role":"assistant","content":"b"},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"}]})");
  EXPECT_EQ(responses.status, 400);
  EXPECT_EQ(error_param(responses), "input[2]") << responses.body;
  const std::string anthropic = message_of(server.post("/v1/messages", R"({"max_tokens":4,"system":"s","messages":[
      {"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"},
      {"type":"tool_use","id":"1","name":"f","input":{}}]}]})"));
  EXPECT_NE(anthropic.find("messages[1].content[1]"), std::string::npos) << anthropic;
  const std::string ollama = message_of(server.post("/api/chat", R"({"messages":[{"role":"user","content":"a"},
      {"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]}]})"));
  EXPECT_NE(ollama.find("messages[1].tool_calls"), std::string::npos) << ollama;
}

// A prompt that is not even counted is refused in the words by which clients know that it is too long: in tokens.
TEST(DialectErrors, CountsOfWhatIsMuchTooLong) {
  ServerHarness server;
  const std::string text(9000, 'a');
  const std::string messages = fmt::format(R"({{"max_tokens":4,"messages":[{{"role":"user","content":"{}"}}]}})", text);
  EXPECT_EQ(message_of(server.post("/v1/messages/count_tokens", messages)),
            "prompt is too long: 1025 tokens > 1024 maximum");
  for (const auto& [path, body] : {std::pair<const char*, std::string>("/v1/chat/completions/input_tokens", messages),
                                   {"/v1/chat/completions", messages},
                                   {"/v1/responses/input_tokens", fmt::format(R"({{"input":"{}"}})", text)}}) {
    const Reply reply = server.post(path, body);
    const std::string message = message_of(reply);
    EXPECT_TRUE(message.starts_with("This model's maximum context length is 1024 tokens.")) << message;
    EXPECT_NE(message.find("tokens, the context holds 1024"), std::string::npos) << message;
    EXPECT_EQ(message.find("bytes"), std::string::npos) << message;
    EXPECT_EQ(json::parse(reply.body).at("error").at("code"), "context_length_exceeded");
  }
  // What only the answer would have no room for is counted.
  const std::string fits = fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}]}})", std::string(2000, 'a'));
  const Reply counted = server.post("/v1/messages/count_tokens", fits);
  EXPECT_EQ(counted.status, 200) << counted.body;
  EXPECT_GE(json::parse(counted.body).at("input_tokens").as_int64(), 2000);
}

TEST(DialectErrors, TheListOfModelsSpeaksAsItIsSpokenTo) {
  ServerHarness server;
  const Reply openai = server.get("/v1/models/nobody");
  EXPECT_EQ(openai.status, 404);
  EXPECT_EQ(json::parse(openai.body).at("error").at("code"), "model_not_found") << openai.body;
  const Reply anthropic = server.get("/v1/models/nobody", "anthropic-version: 2023-06-01\r\n");
  EXPECT_EQ(anthropic.status, 404);
  EXPECT_EQ(json::parse(anthropic.body).at("type"), "error") << anthropic.body;
  EXPECT_EQ(json::parse(anthropic.body).at("error").at("type"), "not_found_error");
}

}  // namespace
}  // namespace quern::test
