// How templates let models think, and thoughts told apart from answers.
#include "engine/tools/reasoning_format.hpp"
#include "tests/engine/tools/answer_formats.hpp"

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using namespace engine::tools;

const engine::chat::Template* find_template(std::string_view name) {
  for (const auto& each : all_templates()) {
    if (each.name == name) return &each.value;
  }
  return nullptr;
}

ReasoningFormat format_of(std::string_view name) {
  const engine::chat::Template* const found = find_template(name);
  return found == nullptr ? ReasoningFormat{} : find_reasoning_format(*found).value_or(ReasoningFormat{});
}

TEST(ReasoningFormat, MarksAndSwitchesByFamily) {
  const ReasoningFormat qwen = format_of("Qwen-Qwen3-0.6B");
  EXPECT_EQ(qwen.begin, "<think>");
  EXPECT_EQ(qwen.end, "</think>");
  EXPECT_EQ(qwen.closing, "\n</think>\n\n");
  EXPECT_EQ(qwen.flag, "enable_thinking");
  EXPECT_TRUE(qwen.default_on);
  EXPECT_EQ(qwen.marks, (std::vector<std::string>{"<think>", "</think>"}));
  const ReasoningFormat glm = format_of("GLM-4.6");
  EXPECT_EQ(glm.flag, "enable_thinking");
  EXPECT_TRUE(glm.default_on);
  const ReasoningFormat deepseek = format_of("deepseek-ai-DeepSeek-V3.1");
  EXPECT_FALSE(deepseek.flag.empty());
  EXPECT_FALSE(deepseek.default_on);
  const ReasoningFormat gpt = format_of("openai-gpt-oss-120b");
  EXPECT_TRUE(gpt.channels);
  EXPECT_EQ(gpt.efforts, (std::vector<std::string>{"low", "medium", "high"}));
  EXPECT_EQ(gpt.closing, "<|end|><|start|>assistant<|channel|>final<|message|>");
  EXPECT_EQ(find_reasoning_format(*find_template("Qwen-Qwen2.5-7B-Instruct")), std::nullopt);
}

TEST(ReasoningFormat, OfTemplatesThatAreNotPartOfTheRepository) {
  if (find_template("tencent-Hy3") == nullptr) GTEST_SKIP() << "the full golden data is not there";
  const ReasoningFormat hunyuan = format_of("tencent-Hy3");
  EXPECT_EQ(hunyuan.begin, "<think:opensource>");
  EXPECT_EQ(hunyuan.end, "</think:opensource>");
  EXPECT_EQ(hunyuan.no_effort, "no_think");
  EXPECT_EQ(hunyuan.efforts, (std::vector<std::string>{"low", "high"}));
  EXPECT_FALSE(hunyuan.default_on);
  const ReasoningFormat gemma = format_of("google-gemma-4-31B-it");
  EXPECT_EQ(gemma.begin, "<|channel>thought\n");
  EXPECT_EQ(gemma.end, "<channel|>");
  EXPECT_EQ(gemma.flag, "enable_thinking");
  EXPECT_FALSE(gemma.default_on);
  EXPECT_EQ(gemma.marks, (std::vector<std::string>{"<|channel>", "<channel|>"}));
  EXPECT_EQ(format_of("ByteDance-Seed-OSS").budget, "thinking_budget");
  EXPECT_EQ(format_of("ByteDance-Seed-OSS").end, "</seed:think>");
  EXPECT_EQ(format_of("mistralai-Ministral-3-14B-Reasoning-2512").end, "[/THINK]");
  EXPECT_EQ(format_of("Cohere2MoE").end, "<|END_THINKING|>");
  EXPECT_EQ(format_of("NVIDIA-Nemotron-3-Nano-30B-A3B-BF16").flag, "enable_thinking");
}

TEST(ReasoningFormat, WhereAPromptLeavesTheModel) {
  const ReasoningFormat f{.begin = "<think>", .end = "</think>"};
  EXPECT_EQ(f.start("<|im_start|>assistant\n"), ThinkingStart::before);
  EXPECT_EQ(f.start("<|im_start|>assistant\n<think>\n"), ThinkingStart::inside);
  EXPECT_EQ(f.start("<|im_start|>assistant\n<think>\n\n</think>\n\n"), ThinkingStart::closed);
}

Said read(ThinkingStart start, std::string_view text) {
  AnswerFormat format;
  format.reasoning = std::make_shared<ReasoningFormat>(ReasoningFormat{.begin = "<think>", .end = "</think>"});
  format.start = start;
  const Said whole = said(parse(format, {text}));
  expect_same_at_every_cut(format, text, whole);
  return whole;
}

TEST(Thoughts, StandBeforeTheAnswer) {
  using enum ThinkingStart;
  EXPECT_EQ(read(before, " <think>\n hm,\n so \n</think>\n\nYes. "), (Said{"hm,\n so", "Yes. ", {}}));
  EXPECT_EQ(read(inside, "\nhm </thin </think>Yes"), (Said{"hm </thin", "Yes", {}}));
  EXPECT_EQ(read(inside, "hm \n"), (Said{"hm", "", {}}));
  EXPECT_EQ(read(inside, "hm </th"), (Said{"hm </th", "", {}}));
  EXPECT_EQ(read(inside, "\n</think>\n"), (Said{"", "", {}}));
  EXPECT_EQ(read(before, "\n Yes <think>no</think>"), (Said{"", "\n Yes <think>no</think>", {}}));
  EXPECT_EQ(read(before, "<thin"), (Said{"", "<thin", {}}));
  EXPECT_EQ(read(before, " \n"), (Said{"", " \n", {}}));
  EXPECT_EQ(read(closed, "\n<think>x"), (Said{"", "<think>x", {}}));
}

TEST(Thoughts, AreKnownWhileTheyCome) {
  AnswerFormat format;
  format.reasoning = std::make_shared<ReasoningFormat>(ReasoningFormat{.begin = "<think>", .end = "</think>"});
  AnswerParser parser(format);
  EXPECT_FALSE(parser.thinking());
  EXPECT_TRUE(parser.append("<thi").empty());
  EXPECT_TRUE(parser.append("nk>").empty());
  EXPECT_TRUE(parser.thinking());
  EXPECT_EQ(parser.append("a "), std::vector<Event>{Reasoning{"a"}});
  EXPECT_EQ(parser.append("b</"), std::vector<Event>{Reasoning{" b"}});
  EXPECT_TRUE(parser.append("think>").empty());
  EXPECT_FALSE(parser.thinking());
  EXPECT_EQ(parser.append("c"), std::vector<Event>{Text{"c"}});
}

TEST(Thoughts, ComeBeforeCalls) {
  const engine::chat::Template& qwen = *find_template("Qwen-Qwen3-0.6B");
  const AnswerFormat format = answer_format(qwen, "<|im_start|>assistant\n");
  const Said out = said(parse(format, {"<think>\na <tool_call> b\n</think>\n\n<tool_call>\n{\"name\": \"ping\", "
                                       "\"arguments\": {}}\n</tool_call>"}));
  EXPECT_EQ(out, (Said{"a <tool_call> b", "", {{"ping", "{}", ""}}}));
}

}  // namespace
}  // namespace quern::test
