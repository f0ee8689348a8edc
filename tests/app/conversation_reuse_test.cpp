// An agent's conversation grows at its end: turn N+1 finds at least 95% of turn N's tokens computed. That is so for
// every kind of memory: models that see all of it, those with sliding windows (openai-moe is gpt-oss's architecture),
// and recurrent ones, which can go on only where a copy of their state was kept. What is lost are borders: up to a page
// of what is listed in pages, and for recurrent models up to 16 tokens of the prompt's end more, so conversations here
// are long enough for these to be little: contexts of the golden models, 256 tokens, are raised.
#include "tests/app/served_process.hpp"
#include "tests/support/model_editor.hpp"
#include "tests/support/temp_dir.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quern::app {
namespace {

constexpr double kReused = 0.95;

// As models that think have it: the prompt opens a thought, which later prompts leave out.
constexpr std::string_view kThinkingTemplate =
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n<think>\n{% endif %}";

std::string words(std::uint32_t seed, std::size_t n) {
  constexpr std::array kWords{"the", "cat", "sat", "on", "a", "mat", "and", "then", "went", "home", "to", "sleep"};
  std::string out;
  for (std::size_t i = 0; i < n; ++i) {
    seed = seed * 1664525u + 1013904223u;
    out.append(i == 0 ? "" : " ").append(kWords[(seed >> 16) % kWords.size()]);
  }
  return out;
}

json::array tokens_of(std::uint32_t seed, std::size_t n) {
  json::array out;
  for (std::size_t i = 0; i < n; ++i) {
    seed = seed * 1664525u + 1013904223u;
    out.emplace_back(3 + (seed >> 16) % 500);
  }
  return out;
}

class ConversationReuse : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!has_golden(GetParam())) GTEST_SKIP() << GetParam() << " is not in " << golden_models();
  }

  // The model with a context as long as models have it.
  std::unique_ptr<ServedProcess> serve(std::uint32_t parallel = 16) const {
    test::ModelEditor model = test::ModelEditor::read(golden_model(GetParam()).string());
    model.set(model.text("general.architecture") + ".context_length", 8192u);
    const std::string path = dir_.path("model.gguf");
    model.save(path);
    Options options = options_for({{.path = path, .names = {"model"}}}, {});
    options.model.chat_template = dir_.write("thinks.jinja", kThinkingTemplate);
    options.sched.max_running = parallel;
    return std::make_unique<ServedProcess>(options);
  }

  const test::TempDir dir_;
};

// The words of both sides stay what they were.
struct TokenChat {
  json::array prompt;
  std::size_t n_before = 0;  // tokens of the last turn, with its answer
  std::uint32_t n_turns = 0;

  json::array turn(ServedProcess& process, std::size_t n_answer, bool use_cache = true) const {
    const json::value got = process.answer("/completion", {{"prompt", prompt},
                                                           {"n_predict", n_answer},
                                                           {"ignore_eos", true},
                                                           {"return_tokens", true},
                                                           {"temperature", 0},
                                                           {"cache_prompt", use_cache}});
    if (n_before > 0 && use_cache) {
      EXPECT_GE(got.at("tokens_cached").to_number<double>(), kReused * static_cast<double>(n_before))
          << "turn " << n_turns << " of " << prompt.size() << " tokens";
    }
    return got.at("tokens").as_array();
  }
  void go_on(const json::array& answer, std::uint32_t seed, std::size_t n_more) {
    prompt.insert(prompt.end(), answer.begin(), answer.end());
    n_before = prompt.size();
    const json::array more = tokens_of(seed, n_more);
    prompt.insert(prompt.end(), more.begin(), more.end());
    ++n_turns;
  }
};

TEST_P(ConversationReuse, PromptAndAnswerOfTheTurnBefore) {
  const auto process = serve();
  for (const std::size_t n_first : {700u, 717u, 735u}) {  // borders elsewhere
    TokenChat chat{.prompt = tokens_of(static_cast<std::uint32_t>(n_first), n_first)};
    for (std::uint32_t n = 0; n < 4; ++n) chat.go_on(chat.turn(*process, 70 + 11 * n), n, 90 + 7 * n);
    EXPECT_EQ(chat.turn(*process, 24), chat.turn(*process, 24, false)) << "what was found is what would be computed";
  }
}

TEST_P(ConversationReuse, MessagesThroughATemplateThatOpensAThought) {
  const auto process = serve();
  json::array messages{json::object{{"role", "system"}, {"content", words(1, 400)}}};
  std::int64_t n_before = 0;
  for (std::uint32_t turn = 0; turn < 4; ++turn) {
    messages.push_back(json::object{{"role", "user"}, {"content", words(turn + 2, 60)}});
    const json::value got = process->answer("/v1/chat/completions", {{"messages", messages}, {"max_tokens", 30}});
    const json::value& usage = got.at("usage");
    EXPECT_GE(usage.at("prompt_tokens_details").at("cached_tokens").to_number<double>(),
              kReused * static_cast<double>(n_before))
        << "turn " << turn << " of " << usage.at("prompt_tokens");
    n_before = usage.at("prompt_tokens").as_int64();
    messages.push_back(json::object{{"role", "assistant"}, {"content", words(turn + 77, 40)}});  // without its thoughts
  }
  EXPECT_GT(n_before, 1000);
}

// Turn by turn, and each of them longer than there are copies of states for at the usual distance.
TEST_P(ConversationReuse, TwoConversationsDoNotDriveEachOtherOut) {
  const auto process = serve(4);
  std::array<TokenChat, 2> chats{TokenChat{.prompt = tokens_of(5, 2900)}, TokenChat{.prompt = tokens_of(6, 3100)}};
  for (std::uint32_t turn = 0; turn < 3; ++turn) {
    for (TokenChat& chat : chats) chat.go_on(chat.turn(*process, 64), turn, 100);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, ConversationReuse,
                         testing::Values("llama", "gemma2", "gemma3", "openai-moe", "cohere2", "olmo2-swa", "llama4",
                                         "lfm2", "qwen35", "mamba", "falcon-h1", "nemotron_h_moe", "rwkv6", "gemma4",
                                         "smallthinker"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace quern::app
