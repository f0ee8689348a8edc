#include "app/runtime.hpp"

#include "app/run/generator.hpp"
#include "base/machine_memory.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

ModelOptions recurrent_model(const std::string& name) {
  ModelOptions options;
  options.files = {{.path = std::string(QUERN_TEST_DATA_DIR) + "/arch/" + name + ".gguf"}};
  options.memory = 512 * kMiB;
  options.threads = 2;
  options.pin = false;
  return options;
}

constexpr Load kServer{.parallel = 64, .prefill_tokens = 64, .states_kept = 2};

// Several prompts that begin alike, with a scheduler of its own.
std::vector<std::string> answers_of(const ModelOptions& options, const Load& load, int n_times) {
  auto runtime = Runtime::create(options, load).value();
  sched::Scheduler* scheduler = runtime->start_scheduler({.max_running = load.parallel}).value();
  RunOptions run;
  run.n_predict = 12;
  run.sampling.temperature = 0;
  run.ignore_eos = true;
  Generator generator(*runtime, *scheduler, run);
  std::string prompt;
  for (int i = 0; i < 5; ++i) prompt += "Once upon a time ";
  std::vector<std::string> out;
  for (int i = 0; i < n_times; ++i) {
    const auto answer = generator.continue_text(prompt, [](std::string_view) { return true; });
    out.push_back(answer.value().text);
    prompt += answer->text;
  }
  return out;
}

class RecurrentModels : public testing::TestWithParam<const char*> {};

TEST(RecurrentModel, ABudgetWithoutRoomForAllStatesHasFewerRequestsAtOnce) {
  constexpr Load kCrowd{.parallel = 4096, .prefill_tokens = 64, .states_kept = 2};
  ModelOptions options = recurrent_model("qwen35");
  options.memory = 64 * kMiB;
  const auto runtime = Runtime::create(options, kCrowd);
  ASSERT_TRUE(runtime) << runtime.error().detail;
  const kv::KvConfig& kv = (*runtime)->arena().config();
  ASSERT_GT(3 * 4096 * kv.state_page_bytes(), options.memory) << "or this shows nothing";
  const std::uint32_t n_running = (*runtime)->executor().limits().max_seqs_per_step;
  EXPECT_LT(n_running, 4096u);
  EXPECT_GT(n_running, 1u);
  EXPECT_GT(kv.n_state_pages, n_running) << "some are for copies";
  const auto scheduler = (*runtime)->start_scheduler({.max_running = 4096});
  ASSERT_TRUE(scheduler) << scheduler.error().detail;
  EXPECT_EQ((*scheduler)->limits().max_running, n_running);
  EXPECT_TRUE((*scheduler)->limits().prefix_cache);
}

TEST_P(RecurrentModels, AnswerTheSameWhateverTheNumberOfStates) {
  const ModelOptions options = recurrent_model(GetParam());
  const std::vector<std::string> plenty = answers_of(options, kServer, 3);
  EXPECT_EQ(answers_of(options, {.parallel = 2, .prefill_tokens = 64, .states_kept = 1}, 3), plenty);
  EXPECT_EQ(answers_of(options, {.parallel = 1, .prefill_tokens = 64, .states_kept = 2}, 3), plenty);
  // No copies: a beginning that is known must not be taken for computed, as its state has gone on.
  EXPECT_EQ(answers_of(options, {.parallel = 1, .prefill_tokens = 64}, 3), plenty);
}

TEST_P(RecurrentModels, WithoutCopiesThereIsNoPrefixCache) {
  auto runtime = Runtime::create(recurrent_model(GetParam()), {.parallel = 4, .prefill_tokens = 64}).value();
  EXPECT_EQ(runtime->arena().config().n_state_pages, 4u);
  EXPECT_FALSE(runtime->start_scheduler({.max_running = 4}).value()->limits().prefix_cache);
}

INSTANTIATE_TEST_SUITE_P(Golden, RecurrentModels, testing::Values("qwen35", "lfm2", "mamba", "nemotron_h_moe", "rwkv6"),
                         [](const auto& name) { return std::string(name.param); });

TEST(Runtime, ABudgetThatIsTooSmallSaysWhatWouldHelp) {
  ModelOptions options;
  options.memory = 1000;
  options.pin = false;
  const auto runtime = Runtime::create(options, {});
  ASSERT_FALSE(runtime);
  EXPECT_EQ(runtime.error().code, Errc::overloaded);
  EXPECT_NE(runtime.error().detail.find("memory budget: weights wants"), std::string::npos) << runtime.error().detail;
}

TEST(Runtime, TheDefaultBudgetIsBelowWhatTheMachineHasLeft) {
  const std::uint64_t budget = memory_budget({});
  EXPECT_GT(budget, 0u);
  EXPECT_LT(budget, read_machine_memory().physical);
}

}  // namespace
}  // namespace quern::app
