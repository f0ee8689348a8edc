#include "engine/chat/template_set.hpp"

#include "engine/chat/builtin.hpp"
#include "engine/chat/jinja/json.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>
#include <vector>

#include <gtest/gtest.h>

namespace quern::engine::chat {
namespace {

const std::vector<Message> kTalk{
    {"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hello."}, {"user", " Who are you?\n"}};

std::string rendered(std::string_view name, const std::vector<Message>& messages, bool add_generation_prompt = true) {
  const TemplateSet set = TemplateSet::builtin(name).value();
  const Result<std::string> out = set.render(messages, add_generation_prompt);
  return out ? *out : "error: " + out.error().detail;
}

TEST(BuiltinTemplates, PlainIsAScript) {
  EXPECT_EQ(rendered("plain", kTalk),
            "system: Be brief.\nuser: Hi\nassistant: Hello.\nuser:  Who are you?\n\nassistant:");
  EXPECT_EQ(rendered("plain", {{"user", "Hi"}}, false), "user: Hi\n");
}

TEST(BuiltinTemplates, Chatml) {
  EXPECT_EQ(rendered("chatml", kTalk),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\n Who are you?\n<|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_EQ(rendered("chatml", {{"user", "Hi"}}, false), "<|im_start|>user\nHi<|im_end|>\n");
}

TEST(BuiltinTemplates, Llama2FoldsTheSystemMessageIntoTheFirstUserMessage) {
  EXPECT_EQ(rendered("llama2", {{"user", " Hi "}}), "[INST] Hi [/INST]");
  EXPECT_EQ(rendered("llama2", {{"system", "Be brief."}, {"user", "Hi"}}),
            "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]");
  EXPECT_EQ(rendered("llama2", kTalk),
            "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST] Who are you? [/INST]");
  EXPECT_EQ(rendered("llama2", {{"user", "Hi"}, {"assistant", "Hello."}}, false), "[INST] Hi [/INST] Hello. </s>");
}

TEST(BuiltinTemplates, Llama2RefusesOrdersItCannotExpress) {
  const auto start = [](int line) {
    return fmt::format("error: messages: chat template 'llama2', line {}, refuses them: llama2 ", line);
  };
  EXPECT_EQ(rendered("llama2", {{"assistant", "Hi"}}), start(9) + "expects 'user' here, found 'assistant'");
  EXPECT_EQ(rendered("llama2", {{"system", "Be brief."}}), start(18) + "needs a user message after the system message");
  EXPECT_EQ(rendered("llama2", {{"user", "a"}, {"user", "b"}}), start(9) + "expects 'assistant' here, found 'user'");
  EXPECT_EQ(rendered("llama2", {{"user", "a"}, {"assistant", "b"}}), start(20) + "answers only a user message");
}

// What a model writes when it starts the next turn by itself must end with a stop of the template.
TEST(BuiltinTemplates, StopsOccurWhereTheNextTurnBegins) {
  for (const Builtin& row : builtins()) {
    const std::string before = rendered(row.name, {{"user", "a"}});
    const std::string after = rendered(row.name, {{"user", "a"}, {"assistant", "b"}, {"user", "c"}});
    ASSERT_TRUE(after.starts_with(before)) << row.name;
    const std::string continued = after.substr(before.size());
    bool found = false;
    for (const std::string_view stop : row.stops) found = found || continued.find(stop) != std::string::npos;
    EXPECT_TRUE(found) << row.name << ": " << continued;
  }
}

TEST(BuiltinTemplates, UnknownNameListsTheKnownOnes) {
  const Result<TemplateSet> found = TemplateSet::builtin("alpaca");
  ASSERT_FALSE(found);
  for (const char* part : {"alpaca", "plain", "chatml", "llama2"})
    EXPECT_NE(found.error().detail.find(part), std::string::npos) << found.error().detail;
}

class TemplateSetTest : public testing::Test {
 protected:
  Result<TemplateSet> load(const std::string& choice = "") {
    auto builder = vocabulary_.builder()
                       .key("tokenizer.ggml.model", "llama")
                       .key("tokenizer.ggml.bos_token_id", 1u)
                       .key("tokenizer.ggml.eos_token_id", 2u);
    for (const auto& [name, source] : templates_) builder.key(name, source);
    file_ = builder.build();
    const auto file = gguf::GgufFile::parse(file_, "test").value();
    const auto tokenizer = load_tokenizer(*file).value();
    return TemplateSet::load(*file, *tokenizer, choice);
  }
  std::string render(const TemplateSet& set) { return set.render(std::vector<Message>{{"user", "Hi"}}, true).value(); }

  test::SmallVocabulary vocabulary_ = test::small_spm();
  std::vector<std::pair<std::string, std::string>> templates_;
  std::vector<std::byte> file_;
};

TEST_F(TemplateSetTest, TakesWhatTheModelBrings) {
  templates_ = {{"tokenizer.chat_template", "{{ bos_token }}<{{ messages[0].content }}>"}};
  const TemplateSet set = load().value();
  EXPECT_EQ(render(set), "<s><Hi>");
  EXPECT_FALSE(set.encode_options("<s><Hi>").add_special);  // the template wrote it
  EXPECT_TRUE(set.encode_options("<Hi>").add_special);
}

TEST_F(TemplateSetTest, PlainWithoutOne) {
  EXPECT_EQ(render(load().value()), "user: Hi\nassistant:");
  EXPECT_EQ(load()->ends().strings.size(), 3u);
}

TEST_F(TemplateSetTest, RequestsWithToolsHaveTheirOwn) {
  templates_ = {{"tokenizer.chat_template", "main"}, {"tokenizer.chat_template.tool_use", "with {{ tools|length }}"}};
  const TemplateSet set = load().value();
  EXPECT_EQ(render(set), "main");
  Inputs inputs;
  inputs.messages = jinja::parse_json(*inputs.heap, R"([{"role":"user","content":"Hi"}])");
  inputs.tools = jinja::parse_json(*inputs.heap, R"([{"type":"function"}])");
  EXPECT_EQ(set.render(inputs).value(), "with 1");
  EXPECT_FALSE(load("tool_use")->render(std::vector<Message>{{"user", "Hi"}}, true));  // it needs tools
}

TEST_F(TemplateSetTest, AChoiceIsANameOrAFile) {
  templates_ = {{"tokenizer.chat_template", "main"}, {"tokenizer.chat_template.rag", "rag"}};
  EXPECT_EQ(render(load("chatml").value()), "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(render(load("rag").value()), "rag");
  const test::TempDir dir;
  const std::string path = dir.path("own.jinja");
  std::ofstream(path) << "own {{ messages[0].content }}\n";
  EXPECT_EQ(render(load(path).value()), "own Hi");
  std::ofstream(path) << "{% if %}";
  EXPECT_NE(load(path).error().detail.find("own.jinja', line 1: "), std::string::npos);
  const Error missing = load("nope").error();
  EXPECT_EQ(missing.field, "--chat-template");
  EXPECT_NE(missing.detail.find("'nope' is none of plain, chatml, llama2"), std::string::npos) << missing.detail;
}

TEST_F(TemplateSetTest, AModelsBrokenTemplateIsAnErrorOfEachUse) {
  templates_ = {{"tokenizer.chat_template", "{% if %}"}};
  const TemplateSet set = load().value();
  const Result<std::string> out = set.render(std::vector<Message>{{"user", "Hi"}}, true);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::unsupported);
  EXPECT_NE(out.error().detail.find("line 1"), std::string::npos);
}

TEST_F(TemplateSetTest, TheTokenAfterAnAnswerEndsOne) {
  const std::int32_t mark = vocabulary_.add("<|turn_over|>", test::kControl);
  templates_ = {{"tokenizer.chat_template", "{% for m in messages %}{{ m.content }}<|turn_over|>\n{% endfor %}"}};
  EXPECT_EQ(load()->ends().tokens, std::vector<TokenId>{mark});
  EXPECT_TRUE(load()->ends().strings.empty());
}

TEST_F(TemplateSetTest, AMarkThatIsNoTokenIsAStopString) {
  templates_ = {{"tokenizer.chat_template", "{% for m in messages %}{{ m.content }}<|turn_over|>\n{% endfor %}"}};
  EXPECT_TRUE(load()->ends().tokens.empty());
  EXPECT_EQ(load()->ends().strings, std::vector<std::string>{"<|turn_over|>"});
  templates_[0].second = "{% for m in messages %}{{ m.content }}</s>{% endfor %}";  // the vocabulary knows this end
  EXPECT_TRUE(load()->ends().tokens.empty() && load()->ends().strings.empty());
}

}  // namespace
}  // namespace quern::engine::chat
