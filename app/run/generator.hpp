// One answer after another from a scheduler, for the terminal: submits a prompt, streams the text to a callback.
// Threads: generate() from one thread, interrupt() from any.
#pragma once

#include "app/options/options.hpp"
#include "app/runtime.hpp"
#include "base/result.hpp"
#include "sched/scheduler.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::app {

struct Answer {
  std::string text;
  sched::FinishReason finish = sched::FinishReason::none;
  std::string failure;  // of one that failed: why
  std::uint32_t n_prompt = 0, n_generated = 0;
  double first_token_s = 0, total_s = 0;
};

// "5 prompt tokens, first token after 3.1 ms; 60 tokens, 512.3 tokens/s; length"
std::string describe(const Answer& answer);

class Generator {
 public:
  // Called with each piece of text; false: nobody reads any more, the generation is cancelled.
  using OnText = std::function<bool(std::string_view)>;

  Generator(const Runtime& runtime, sched::Scheduler& scheduler, const RunOptions& options)
      : runtime_(runtime), scheduler_(scheduler), options_(options) {}

  // The continuation of a text.
  Result<Answer> continue_text(const std::string& prompt, const OnText& on_text);
  // The assistant's answer to a conversation. The oldest messages (never the system's) are dropped where the context is
  // too small for all; n_dropped counts them.
  Result<Answer> answer(std::vector<engine::chat::Message>& messages, const OnText& on_text, std::size_t& n_dropped);

  // Cancels the running generation. false: none is running.
  bool interrupt() noexcept;

 private:
  struct Prompt {
    std::vector<engine::TokenId> tokens;
    std::vector<std::string> stops;
    std::vector<engine::TokenId> stop_tokens;
    bool at_start = false;  // the answer is a text of its own: no leading blank
  };
  Result<std::vector<engine::TokenId>> encode(const std::vector<engine::chat::Message>& messages) const;
  Result<Answer> generate(Prompt prompt, const OnText& on_text);

  const Runtime& runtime_;
  sched::Scheduler& scheduler_;
  const RunOptions& options_;
  std::atomic<sched::RequestId> running_{0};
  std::atomic<bool> active_{false};
};

}  // namespace quern::app
