// Conversations that are not in turns, and thoughts, with templates of different families.
#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

constexpr const char* kLate = R"({"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"a"},
    {"role":"user","content":"b"},{"role":"system","content":"it is night"},{"role":"assistant","content":"c"},
    {"role":"user","content":"d"}]})";

// Refuses what is not in turns.
constexpr const char* kStrict =
    "{% if messages[0].role == 'system' %}{{ messages[0].content }}|{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}";
// Says nothing of a system message in the middle.
constexpr const char* kForgetful =
    "{% if messages[0].role == 'system' %}{{ messages[0].content }}|{% endif %}"
    "{% for m in messages %}{% if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}";
constexpr const char* kAnything = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";

std::string prompt_of(const char* chat_template, const char* body) {
  ServerHarnessOptions options;
  options.chat_template = chat_template;
  ServerHarness server(options);
  const Reply reply = server.post("/apply-template", body);
  const json::value json = json::parse(reply.body);
  const json::value* prompt = json.as_object().if_contains("prompt");
  return prompt == nullptr ? reply.body : std::string(prompt->as_string());
}

TEST(Turns, TemplatesThatWantThemGetThem) {
  constexpr const char* kInTurns = "be kind|<user>a\n\nb\n\nit is night<assistant>c<user>d";
  EXPECT_EQ(prompt_of(kStrict, kLate), kInTurns);
  EXPECT_EQ(prompt_of(kForgetful, kLate), kInTurns) << "nothing is lost";
}

TEST(Turns, WhatWasThoughtIsKeptToo) {
  constexpr const char* kThoughts =
      "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('in turns') }}"
      "{% endif %}<{{ m.role }}>{{ m.reasoning_content }}|{{ m.content }}{% endfor %}";
  EXPECT_EQ(prompt_of(kThoughts, R"({"messages":[{"role":"user","content":"a"},
      {"role":"assistant","content":"b","reasoning_content":"why"},
      {"role":"assistant","content":"c","reasoning_content":"how"}]})"),
            "<user>|a<assistant>why\n\nhow|b\n\nc");
}

TEST(Turns, OtherTemplatesSeeTheConversationAsItIs) {
  EXPECT_EQ(prompt_of(kAnything, kLate), "<system>be kind<user>a<user>b<system>it is night<assistant>c<user>d");
}

TEST(Turns, WhatATemplateRefusesForAnotherReasonIsItsError) {
  const std::string reply = prompt_of("{{ raise_exception('never') }}", kLate);
  EXPECT_NE(reply.find("never"), std::string::npos) << reply;
}

// The scripted model writes what a test wants.
struct Thinker {
  explicit Thinker(std::string text, const char* chat_template = "{{ messages[0].content }}{# </think> #}") {
    options.chat_template = chat_template;
    server.emplace(options);
    server->backend.next_token = [text = std::move(text)](std::span<const engine::TokenId> tokens) {
      // Prompts are one 'a'; a token is its character's place in the alphabet of the tests.
      const std::size_t at = tokens.size() - 1;
      return at < text.size() ? static_cast<engine::TokenId>(text[at] - ' ') : engine::TokenId{'.' - ' '};
    };
  }
  ServerHarnessOptions options;
  std::optional<ServerHarness> server;
};

std::string ask(std::size_t n, std::string_view fields = "") {
  return fmt::format(R"({{"messages":[{{"role":"user","content":"a"}}],"max_tokens":{}{}}})", n, fields);
}

TEST(Reasoning, IsApartFromTheAnswerInEachDialect) {
  const std::string text = "<think>why</think>so";
  Thinker thinker(text);
  const json::value chat = json::parse(thinker.server->post("/v1/chat/completions", ask(text.size())).body);
  EXPECT_EQ(chat.at("choices").at(0).at("message").at("reasoning_content"), "why");
  EXPECT_EQ(chat.at("choices").at(0).at("message").at("content"), "so");
  EXPECT_GE(chat.at("usage").at("completion_tokens_details").at("reasoning_tokens").to_number<int>(), 3);
  const json::value message = json::parse(thinker.server->post("/v1/messages", ask(text.size())).body);
  EXPECT_EQ(message.at("content").at(0), json::parse(R"({"type":"thinking","thinking":"why","signature":""})"));
  EXPECT_EQ(message.at("content").at(1).at("text"), "so");
  const json::value ollama = json::parse(
      thinker.server
          ->post("/api/chat",
                 R"({"messages":[{"role":"user","content":"a"}],"stream":false,"options":{"num_predict":20}})")
          .body);
  EXPECT_EQ(ollama.at("message").at("thinking"), "why");
  EXPECT_EQ(ollama.at("message").at("content"), "so");
}

TEST(Reasoning, MayBeLeftWhereItIs) {
  const std::string text = "<think>why</think>so";
  Thinker thinker(text);
  const json::value chat =
      json::parse(thinker.server->post("/v1/chat/completions", ask(text.size(), R"(,"reasoning_format":"none")")).body);
  EXPECT_EQ(chat.at("choices").at(0).at("message").at("content").as_string(), text);
}

TEST(Reasoning, MayHaveBegunInThePrompt) {
  Thinker thinker("xxxxxxxwhy</think>so", "{{ messages[0].content }}<think>{# </think> #}");
  const json::value chat = json::parse(thinker.server->post("/v1/chat/completions", ask(13)).body);
  EXPECT_EQ(chat.at("choices").at(0).at("message").at("reasoning_content"), "why");
  EXPECT_EQ(chat.at("choices").at(0).at("message").at("content"), "so");
}

TEST(Reasoning, OtherFamiliesDoNotThink) {
  const std::string text = "<think>why</think>so";
  Thinker thinker(text, "{{ messages[0].content }}");
  const json::value chat = json::parse(thinker.server->post("/v1/chat/completions", ask(text.size())).body);
  EXPECT_EQ(chat.at("choices").at(0).at("message").at("content").as_string(), text);
}

}  // namespace
}  // namespace quern::test
