// The formats that are found for known templates.
#include "engine/tools/tool_format.hpp"
#include "tests/engine/tools/template_cases.hpp"

#include <map>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using namespace engine::tools;

struct Want {
  Syntax syntax;
  std::string_view trigger;
  bool parallel = true;
};

TEST(ToolFormat, OfKnownTemplates) {
  const std::map<std::string_view, Want> kWant{
      {"Apertus-8B-Instruct", {Syntax::json, "<|tools_prefix|>"}},
      {"ByteDance-Seed-OSS", {Syntax::parameters, "<seed:tool_call>"}},
      {"Cohere2MoE", {Syntax::json, "<|START_ACTION|>"}},
      {"CohereForAI-c4ai-command-r-plus-tool_use", {Syntax::json, "Action:\n```json\n["}},
      {"GLM-4.6", {Syntax::parameters, "<tool_call>"}},
      {"GigaChat3-10B-A1.8B", {Syntax::json, "<|message_sep|>", false}},
      {"Kimi-K2-Instruct", {Syntax::named_json, "<|tool_calls_section_begin|>"}},
      {"LFM2-8B-A1B", {Syntax::pythonic, "<|tool_call_start|>"}},
      {"MiniMax-M2", {Syntax::parameters, "<minimax:tool_call>"}},
      {"Mistral-Small-3.2-24B-Instruct-2506", {Syntax::named_json, "[TOOL_CALLS]"}},
      {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", {Syntax::parameters, "<tool_call>"}},
      {"Qwen-Qwen2.5-7B-Instruct", {Syntax::json, "<tool_call>"}},
      {"Qwen-Qwen3-0.6B", {Syntax::json, "<tool_call>"}},
      {"Qwen3-Coder", {Syntax::parameters, "<tool_call>"}},
      {"deepseek-ai-DeepSeek-V3.1", {Syntax::named_json, "<｜tool▁calls▁begin｜>"}},
      {"deepseek-ai-DeepSeek-V4-Flash-0731", {Syntax::parameters, "<｜DSML｜tool_calls>"}},
      {"fireworks-ai-llama-3-firefunction-v2", {Syntax::json, "functools["}},
      {"google-gemma-4-31B-it", {Syntax::quoted, "<|tool_call>"}},
      {"ibm-granite-granite-3.3-2B-Instruct", {Syntax::json, "<|tool_call|>"}},
      {"ibm-granite-granite-4.1", {Syntax::json, "<tool_call>"}},
      {"meetkai-functionary-medium-v3.1", {Syntax::named_json, "<function="}},
      {"meta-llama-Llama-3.1-8B-Instruct", {Syntax::json, "<|python_tag|>", false}},
      {"openai-gpt-oss-120b", {Syntax::harmony, "", false}},
      {"poolside-Laguna-S-2.1", {Syntax::parameters, "<tool_call>"}},
      {"tencent-Hy3", {Syntax::parameters, "<tool_calls:opensource>"}},
      {"unsloth-Apriel-1.5", {Syntax::json, "<tool_calls>"}},
      {"deepseek-v3", {Syntax::named_json, "<｜tool▁calls▁begin｜>"}},
      {"functionary-v3.2", {Syntax::named_json, ">>>"}},
      {"functiongemma", {Syntax::quoted, "<start_function_call>"}},
      {"hunyuan-a13b", {Syntax::json, "<tool_calls>"}},
      {"kimi-k2-ids", {Syntax::named_json, "<|tool_calls_section_begin|>"}},
      {"llama-4-pythonic", {Syntax::pythonic, "<|python_start|>"}},
      {"mistral-nemo", {Syntax::json, "[TOOL_CALLS]"}},
      {"nemotron-v2", {Syntax::json, "<TOOLCALL>"}},
      {"olmo-3", {Syntax::pythonic, "<function_calls>"}},
      {"phi-4-mini", {Syntax::json, "<|tool_call|>"}},
      {"smollm3", {Syntax::json, "<tool_call>"}},
  };
  std::size_t n_found = 0;
  for (const auto& [name, subject] : tool_templates()) {
    SCOPED_TRACE(name);
    const auto want = kWant.find(name);
    const auto found = find_tool_format(subject);
    ASSERT_TRUE(found);
    if (want == kWant.end()) continue;
    EXPECT_EQ(found->syntax, want->second.syntax);
    EXPECT_EQ(found->triggers().empty() ? "" : found->triggers().front().text, want->second.trigger);
    EXPECT_EQ(found->parallel, want->second.parallel);
    ++n_found;
  }
  EXPECT_GE(n_found, 18u);
}

TEST(ToolFormat, NoneWithoutAPlaceForTools) {
  const auto parse = [](std::string_view source) {
    return engine::chat::Template::parse("t", source, {"<s>", "</s>"}).value();
  };
  EXPECT_EQ(find_tool_format(parse("{% for m in messages %}{{ m.content }}{% endfor %}")), std::nullopt);
  // A place, and no word about the form: that of Hermes.
  const auto silent = find_tool_format(parse("{{ tools | tojson }}{% for m in messages %}{{ m.content }}{% endfor %}"));
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->family, "hermes");
  // Marks without end are not read.
  EXPECT_EQ(
      find_tool_format(parse("{{ tools | tojson }}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] "
                             "%}{{ '<x>' * 1000 }}{{ c.function.name }}<y>{{ c.function.arguments | tojson }}</z>{% "
                             "endfor %}{% endfor %}"))
          ->family,
      "hermes");
}

}  // namespace
}  // namespace quern::test
