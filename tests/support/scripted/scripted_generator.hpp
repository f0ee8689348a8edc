// A models::Generator that says what a script says, and tells which prompts it was given: for each request, how many of
// its first tokens an earlier prompt began with too. That is what a cache of prefixes could have found, and what
// Usage.cached_tokens says. Threads: any. Ownership: refers to the tokenizer.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"
#include "models/generator.hpp"
#include "tests/support/scripted/script.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace quern::test {

// One request, as it is reported: first when it comes (ended empty), then when it ends.
struct PromptReport {
  sched::RequestId id = 0;  // counted from 1
  std::string label;        // endpoint and request id
  std::uint64_t n_prompt = 0;
  std::uint64_t n_shared = 0;         // of them
  sched::RequestId shared_with = 0;   // the earlier request; 0: none
  std::uint64_t n_shared_prompt = 0;  // tokens of that one's prompt
  std::string text;                   // of the prompt
  std::string ended;                  // "finished", "cancelled", "failed"
};

class ScriptedGenerator final : public models::Generator {
 public:
  using Report = std::function<void(const PromptReport&)>;  // called by any thread, one at a time
  ScriptedGenerator(Script script, const engine::Tokenizer& tokenizer, std::uint32_t max_context, Report report);
  ~ScriptedGenerator() override;

  // A prompt that the script has no answer for fails: io. One that it refuses is not noted: overloaded.
  models::Submitted submit(models::GenerateTask task, boost::asio::any_io_executor executor) override;

  std::uint32_t max_context() const noexcept override { return max_context_; }
  bool has_room(std::uint32_t) const noexcept override { return true; }
  bool cancel(sched::RequestId id) noexcept override;
  void drain() noexcept override;

  sched::Snapshot snapshot() const override;
  Duration stalled() const override { return {}; }
  std::vector<sched::RequestStatus> requests() const override;
  std::vector<sched::RequestStatus> ended_requests() const override { return {}; }
  std::optional<sched::RequestStatus> request(sched::RequestId id) const override;

  struct Shared;  // with the streams

 private:
  const std::uint32_t max_context_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace quern::test
