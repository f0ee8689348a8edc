#include "tests/support/scripted/scripted_generator.hpp"

#include "tests/support/scripted/scripted_stream.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace quern::test {
namespace {

struct Running {
  std::weak_ptr<StreamHandle> stream;
  PromptReport report;
  sched::RequestStatus status;
};

}  // namespace

struct ScriptedGenerator::Shared {
  Shared(Script script_in, const engine::Tokenizer& tokenizer_in, Report report_in)
      : script(std::move(script_in)), tokenizer(tokenizer_in), report(std::move(report_in)) {}

  // REQUIRES: mutex held.
  void find_shared(const std::vector<engine::TokenId>& prompt, PromptReport& out) const {
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const auto differ = std::ranges::mismatch(prompts[i], prompt);
      const auto n = static_cast<std::uint64_t>(differ.in1 - prompts[i].begin());
      if (n < out.n_shared || n == 0) continue;  // of several the newest
      out.n_shared = n;
      out.shared_with = i + 1;
      out.n_shared_prompt = prompts[i].size();
    }
  }

  void ended(sched::RequestId id, const char* how) {
    const std::lock_guard lock(mutex);
    const auto found = running.find(id);
    found->second.report.ended = how;
    report(found->second.report);
    ++(how == std::string_view("finished") ? counters.finished_stop
       : how == std::string_view("failed") ? counters.finished_failed
                                           : counters.finished_cancelled);
    running.erase(found);
  }

  std::mutex mutex;  // guards what follows
  Script script;
  const engine::Tokenizer& tokenizer;
  const Report report;
  std::vector<std::vector<engine::TokenId>> prompts;  // of all requests: number i is at i - 1
  std::map<sched::RequestId, Running> running;
  sched::Snapshot counters;
};

ScriptedGenerator::ScriptedGenerator(Script script, const engine::Tokenizer& tokenizer, std::uint32_t max_context,
                                     Report report)
    : max_context_(max_context), shared_(std::make_shared<Shared>(std::move(script), tokenizer, std::move(report))) {}

ScriptedGenerator::~ScriptedGenerator() = default;

namespace {

// Tokens of what the answer says, thought and written.
models::Usage usage_of(const ScriptedAnswer& answer, const engine::Tokenizer& tokenizer) {
  std::string text, thoughts;
  for (const ScriptStep& step : answer.steps) {
    const auto* event = std::get_if<models::AnswerEvent>(&step);
    if (event == nullptr) continue;
    if (const auto* delta = std::get_if<models::TextDelta>(event)) text += delta->text;
    if (const auto* delta = std::get_if<models::ReasoningDelta>(event)) thoughts += delta->text;
    if (const auto* delta = std::get_if<models::ToolCallDelta>(event)) text += delta->arguments;
  }
  const auto count = [&](const std::string& part) {
    const auto tokens = tokenizer.encode(part, {.add_special = false, .parse_special = false});
    return tokens ? tokens->size() : 0;
  };
  models::Usage out{.reasoning_tokens = count(thoughts)};
  out.completion_tokens = count(text) + out.reasoning_tokens;
  return out;
}

}  // namespace

models::Submitted ScriptedGenerator::submit(models::GenerateTask task, boost::asio::any_io_executor executor) {
  const std::vector<engine::TokenId>& prompt = task.prompts.front();
  PromptReport report{.label = task.head.label, .n_prompt = prompt.size()};
  report.text = shared_->tokenizer.decode(prompt, true);
  const std::lock_guard lock(shared_->mutex);
  if (shared_->counters.draining) return {nullptr, fail(Errc::draining, "the server is shutting down")};
  std::optional<ScriptedAnswer> answer = shared_->script.take(report.text);
  if (answer) {
    if (const auto* no = std::get_if<Refusal>(&answer->steps.front())) {
      ++shared_->counters.rejected;
      return {nullptr, fail(Errc::overloaded, "{}", no->words)};
    }
  }
  report.id = shared_->prompts.size() + 1;
  shared_->find_shared(prompt, report);
  shared_->prompts.push_back(prompt);
  if (!answer) answer = ScriptedAnswer{.steps = {Failure{"the script has no answer left for this prompt"}}};
  shared_->report(report);
  models::Usage usage = usage_of(*answer, shared_->tokenizer);
  usage.prompt_tokens = task.n_prompt_tokens();
  usage.cached_tokens = report.n_shared;
  sched::RequestStatus status{.id = report.id,
                              .state = sched::RequestState::decode,
                              .label = report.label,
                              .n_prompt = static_cast<std::uint32_t>(report.n_prompt),
                              .n_prefilled = static_cast<std::uint32_t>(report.n_prompt),
                              .max_tokens = task.max_tokens.front(),
                              .n_cached = static_cast<std::uint32_t>(report.n_shared),
                              .tenant = task.head.tenant};
  const auto handle = std::make_shared<StreamHandle>(executor);
  shared_->counters.prompt_tokens += report.n_prompt;
  shared_->running.emplace(report.id, Running{handle, report, status});
  auto ended = [shared = shared_, id = report.id](const char* how) { shared->ended(id, how); };
  return {std::make_unique<ScriptedStream>(handle, std::move(answer->steps), task.n_choices(), usage, std::move(status),
                                           std::move(ended)),
          {}};
}

bool ScriptedGenerator::cancel(sched::RequestId id) noexcept {
  const std::lock_guard lock(shared_->mutex);
  const auto found = shared_->running.find(id);
  if (found == shared_->running.end()) return false;
  if (const auto stream = found->second.stream.lock()) stream->cancel();
  return true;
}

void ScriptedGenerator::drain() noexcept {
  const std::lock_guard lock(shared_->mutex);
  shared_->counters.draining = true;
}

sched::Snapshot ScriptedGenerator::snapshot() const {
  const std::lock_guard lock(shared_->mutex);
  sched::Snapshot out = shared_->counters;
  out.running = static_cast<std::uint32_t>(shared_->running.size());
  return out;
}

std::vector<sched::RequestStatus> ScriptedGenerator::requests() const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<sched::RequestStatus> out;
  for (const auto& [id, running] : shared_->running) out.push_back(running.status);
  return out;
}

std::optional<sched::RequestStatus> ScriptedGenerator::request(sched::RequestId id) const {
  const std::lock_guard lock(shared_->mutex);
  const auto found = shared_->running.find(id);
  return found == shared_->running.end() ? std::nullopt : std::optional(found->second.status);
}

}  // namespace quern::test
