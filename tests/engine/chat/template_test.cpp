#include "engine/chat/template.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace quern::engine::chat {

namespace {

const std::vector<Message> kTalk{
    {"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hello."}, {"user", " Who are you?\n"}};
constexpr std::array kAll{TemplateName::plain, TemplateName::chatml, TemplateName::llama2};

std::string rendered(TemplateName name, const std::vector<Message>& messages, bool add_generation_prompt = true) {
  const Result<std::string> out = render(name, messages, add_generation_prompt);
  return out ? *out : "error: " + out.error().detail;
}

Error error_of(TemplateName name, const std::vector<Message>& messages) {
  const Result<std::string> out = render(name, messages, true);
  EXPECT_FALSE(out) << "rendered as " << *out;
  return out ? Error{} : out.error();
}

TEST(ChatTemplate, NamesRoundTrip) {
  for (const TemplateName name : kAll) {
    const Result<TemplateName> found = find_template(template_name(name));
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, name);
  }
}

TEST(ChatTemplate, UnknownNameListsTheKnownOnes) {
  const Result<TemplateName> found = find_template("alpaca");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::bad_input);
  for (const char* part : {"alpaca", "plain", "chatml", "llama2"})
    EXPECT_NE(found.error().detail.find(part), std::string::npos) << found.error().detail;
}

TEST(ChatTemplate, PlainIsAScript) {
  EXPECT_EQ(rendered(TemplateName::plain, kTalk),
            "system: Be brief.\nuser: Hi\nassistant: Hello.\nuser:  Who are you?\n\nassistant:");
  EXPECT_EQ(rendered(TemplateName::plain, {{"user", "Hi"}}, false), "user: Hi\n");
}

TEST(ChatTemplate, Chatml) {
  EXPECT_EQ(rendered(TemplateName::chatml, kTalk),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\n Who are you?\n<|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_EQ(rendered(TemplateName::chatml, {{"user", "Hi"}}, false), "<|im_start|>user\nHi<|im_end|>\n");
}

TEST(ChatTemplate, Llama2FoldsTheSystemMessageIntoTheFirstUserMessage) {
  EXPECT_EQ(rendered(TemplateName::llama2, {{"user", " Hi "}}), "[INST] Hi [/INST]");
  EXPECT_EQ(rendered(TemplateName::llama2, {{"system", "Be brief."}, {"user", "Hi"}}),
            "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]");
}

TEST(ChatTemplate, Llama2BeginsEachFurtherTurnWithItsOwnBos) {
  EXPECT_EQ(rendered(TemplateName::llama2, kTalk),
            "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST] Who are you? [/INST]");
}

TEST(ChatTemplate, Llama2WithoutGenerationPromptMayEndWithAnAnswer) {
  EXPECT_EQ(rendered(TemplateName::llama2, {{"user", "Hi"}, {"assistant", "Hello."}}, false),
            "[INST] Hi [/INST] Hello. </s>");
  EXPECT_EQ(error_of(TemplateName::llama2, {{"user", "Hi"}, {"assistant", "Hello."}}).field, "messages[1].role");
}

TEST(ChatTemplate, Llama2RefusesOrdersItCannotExpress) {
  EXPECT_EQ(error_of(TemplateName::llama2, {{"assistant", "Hi"}}).field, "messages[0].role");
  EXPECT_EQ(error_of(TemplateName::llama2, {{"system", "Be brief."}}).field, "messages[0].role");
  EXPECT_EQ(error_of(TemplateName::llama2, {{"user", "a"}, {"user", "b"}}).field, "messages[1].role");
  EXPECT_EQ(error_of(TemplateName::llama2, {{"user", "a"}, {"system", "b"}}).field, "messages[1].role");
}

TEST(ChatTemplate, UnknownRoleNamesTheMessage) {
  for (const TemplateName name : kAll) {
    const Error error = error_of(name, {{"user", "Hi"}, {"tool", "42"}});
    EXPECT_EQ(error.code, Errc::bad_input);
    EXPECT_EQ(error.field, "messages[1].role");
    EXPECT_NE(error.detail.find("'tool'"), std::string::npos) << error.detail;
  }
}

TEST(ChatTemplate, NoMessagesIsAnError) {
  for (const TemplateName name : kAll) EXPECT_EQ(error_of(name, {}).field, "messages");
}

TEST(ChatTemplate, DetectsFormatsByTheirMarkers) {
  EXPECT_EQ(detect_template("{% for m in messages %}{{ '<|im_start|>' + m.role }}{% endfor %}"), TemplateName::chatml);
  EXPECT_EQ(detect_template("{{ bos_token + '[INST] ' + '<<SYS>>\\n' }}"), TemplateName::llama2);
  EXPECT_EQ(detect_template("{{ '[INST] ' + m.content + ' [/INST]' }}"), TemplateName::llama2);
  EXPECT_EQ(detect_template("{{ '<|im_start|>user<|im_sep|>' }}"), TemplateName::plain);
  EXPECT_EQ(detect_template("{{ '[SYSTEM_PROMPT]' }}{{ '[INST]' }}"), TemplateName::plain);
  EXPECT_EQ(detect_template("{{ '<start_of_turn>' }}"), TemplateName::plain);
  EXPECT_EQ(detect_template(""), TemplateName::plain);
}

// What a model writes when it starts the next turn by itself must end with a stop of the template.
TEST(ChatTemplate, ImpliedStopsOccurWhereTheNextTurnBegins) {
  for (const TemplateName name : kAll) {
    const std::string before = rendered(name, {{"user", "a"}});
    const std::string after = rendered(name, {{"user", "a"}, {"assistant", "b"}, {"user", "c"}});
    ASSERT_TRUE(after.starts_with(before));
    const std::string continued = after.substr(before.size());
    bool found = false;
    for (const std::string_view stop : implied_stops(name)) found = found || continued.find(stop) != std::string::npos;
    EXPECT_TRUE(found) << template_name(name) << ": " << continued;
  }
}

}  // namespace

}  // namespace quern::engine::chat
