#include "server/api/chat_turn.hpp"

#include "server/api/openai/chat_json.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"
#include "tests/server/api/document_of.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

const ServerLimits kLimits;
const RequestRules kRules{kLimits, 100};

Conversation parse(std::string_view body) {
  return parsed(&parse_chat_request, body, kRules).value().conversation;
}

Result<std::string> render(std::string_view body, const engine::chat::jinja::Limits& limits = {}) {
  static const engine::chat::TemplateSet templates = engine::chat::TemplateSet::builtin("chatml").value();
  std::uint64_t n_steps = 0;
  Result<std::string> text = render_prompt(parse(body), templates, limits, n_steps);
  EXPECT_GT(n_steps, 0u);
  return text;
}

TEST(ChatPrompt, RendersMessages) {
  EXPECT_EQ(
      render(
          R"({"messages":[{"role":"developer","content":"a"},{"role":"user","content":[{"type":"text","text":"b"},{"type":"text","text":"c"}]}]})")
          .value(),
      "<|im_start|>system\na<|im_end|>\n<|im_start|>user\nb\nc<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(render(R"({"messages":[{"role":"user","content":"a"}],"add_generation_prompt":false})").value(),
            "<|im_start|>user\na<|im_end|>\n");
}

TEST(ChatPrompt, TheTemplateSeesAllFieldsOfATextPart) {
  test::SmallVocabulary vocabulary = test::small_spm();
  auto builder = vocabulary.builder()
                     .key("tokenizer.ggml.model", "llama")
                     .key("tokenizer.ggml.bos_token_id", 1u)
                     .key("tokenizer.ggml.eos_token_id", 2u)
                     .key("tokenizer.chat_template",
                          "{% for p in messages[0].content %}{{ p.text }}"
                          "{% if p.cache_control is defined %}[{{ p.cache_control.type }}]{% endif %}{% endfor %}");
  const std::vector<std::byte> bytes = builder.build();
  const auto file = engine::gguf::GgufFile::parse(bytes, "test").value();
  const auto tokenizer = engine::load_tokenizer(*file).value();
  const auto templates = engine::chat::TemplateSet::load(*file, *tokenizer, "").value();
  std::uint64_t n_steps = 0;
  const Conversation request = parse(R"({"messages":[{"role":"user","content":[
    {"type":"text","text":"a","cache_control":{"type":"ephemeral"}},
    {"type":"text","text":"b","cache_control":null}]}]})");
  EXPECT_EQ(render_prompt(request, templates, {}, n_steps).value(), "a[ephemeral]b");
}

TEST(ChatPrompt, NumbersReachTheTemplateAsTheyWere) {
  const engine::chat::TemplateSet templates = engine::chat::TemplateSet::of(
      engine::chat::Template::parse("t", "{{ messages[0].content }}|{{ tools|tojson }}|{{ v|tojson }}", {}).value());
  const auto prompt = [&](const std::string& number) {
    std::uint64_t n_steps = 0;
    return render_prompt(parse(R"({"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{
        "name":"f","parameters":{"maximum":)" +
                               number + R"(}}}],"chat_template_kwargs":{"v":[)" + number + "]}}"),
                         templates, {}, n_steps)
        .value();
  };
  for (const std::string number :
       {"18446744073709551615", "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
        "-1267650600228229401496703205376", "0.1", "1.0", "-0.0", "0.30000000000000004", "1e+16", "1e-07"})
    EXPECT_EQ(prompt(number), R"(x|[{"type": "function", "function": {"name": "f", "parameters": {"maximum": )" +
                                  number + "}}}]|[" + number + "]");
}

TEST(ChatPrompt, WideNumbersAreNumbersInErrors) {
  const auto detail = [](const std::string& fields) {
    const auto request =
        parsed(&parse_chat_request, R"({"messages":[{"role":"user","content":"a"}],)" + fields + "}", kRules);
    return request ? std::string("fine") : request.error().detail;
  };
  const std::string wide = "123456789012345678901234567890";
  EXPECT_EQ(detail("\"seed\":" + wide), "seed: expected an integer, found an integer of more than 64 bits");
  EXPECT_NE(detail("\"temperature\":" + wide), "fine");
  EXPECT_NE(detail("\"temperature\":1e400"), "fine");
  EXPECT_NE(detail("\"stop\":" + wide), "fine");
  EXPECT_EQ(detail(R"("chat_template_kwargs":{"v":)" + wide + "}"), "fine");
}

TEST(ChatPrompt, LimitsAreTheClientsError) {
  const Result<std::string> text = render(R"({"messages":[{"role":"user","content":"a"}]})", {.max_steps = 5});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().field, "messages");
}

struct Payer final : engine::chat::jinja::Watch {
  bool may_hold(std::size_t n_bytes) override {
    asked = n_bytes;
    return n_bytes <= most;
  }
  bool is_over() override { return over; }
  std::size_t most = 64u << 20, asked = 0;
  bool over = false;
};

TEST(ChatPrompt, TheMemoryIsAskedForBeforeItIsTaken) {
  const std::string large =
      fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}]}})", std::string(3u << 20, 'x'));
  Payer payer;
  ASSERT_TRUE(render(large, {.watch = &payer}));
  EXPECT_GT(payer.asked, 3u << 20);
  payer.most = 2u << 20;
  EXPECT_FALSE(render(large, {.watch = &payer}));
  EXPECT_TRUE(render(R"({"messages":[{"role":"user","content":"a"}]})", {.watch = &payer}));
  payer.most = 1u << 30;
  const Result<std::string> over_all = render(large, {.max_bytes = 1u << 20, .watch = &payer});
  ASSERT_FALSE(over_all);
  EXPECT_NE(over_all.error().detail.find("1048576 bytes"), std::string::npos) << over_all.error().detail;
}

TEST(ChatPrompt, ARenderingEndsWhenNobodyWaitsForIt) {
  Payer payer;
  payer.over = true;
  const Result<std::string> text = render(R"({"messages":[{"role":"user","content":"a"}]})", {.watch = &payer});
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().detail.find("nobody"), std::string::npos) << text.error().detail;
}

TEST(ChatPrompt, WhatTheTemplateHasNoPlaceForIsRefused) {
  const engine::chat::TemplateSet templates = engine::chat::TemplateSet::builtin("chatml").value();
  const auto field = [&](const std::string& fields) {
    const Status status =
        check_template(parse(R"({"messages":[{"role":"user","content":"a"}],)" + fields + "}"), templates);
    if (status) return std::string("fine");
    EXPECT_EQ(status.error().code, Errc::unsupported);
    return status.error().field;
  };
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f"}}])";
  EXPECT_EQ(field(tools), "tools");
  EXPECT_EQ(field(tools + R"(,"tool_choice":"none")"), "fine");
  EXPECT_EQ(field(R"("tool_choice":"auto")"), "fine");
  EXPECT_EQ(field(R"("reasoning_effort":"high")"), "fine") << "a hint, sent whatever the model can";
  EXPECT_EQ(field(R"("chat_template_kwargs":{"enable_thinking":true})"), "fine");
}

}  // namespace
}  // namespace quern::server
