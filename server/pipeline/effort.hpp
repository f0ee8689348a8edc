// How much work one go at a request may be, and who it is accounted to. A small go is done at once on the I/O thread:
// at most some milliseconds, whatever the request is; where it would take more, it is given up and done again as a
// whole one, on a helper thread, with all that the limits allow, its memory in the budget and an eye on whether anybody
// still waits for it. Threads: one. Refers to the state and the model, and a whole one to the request's memory and
// flag.
#pragma once

#include "engine/chat/jinja/heap.hpp"
#include "server/api/generation_json.hpp"
#include "server/pipeline/request_memory.hpp"
#include "server/server_state.hpp"

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

class Effort final : private engine::chat::jinja::Watch {
 public:
  // What is parsed at once, and what is encoded at once. The dearest of 15 shapes of a body of this size (token ids of
  // one digit) took 1.8 ms of CPU time to parse on one Zen 3 core.
  static constexpr std::size_t kSmallBytes = 16u << 10;
  static constexpr std::uint64_t kSmallSteps = 10'000;

  // unknown: gets the paths of fields that nobody knows.
  Effort(const ServerState& state, const models::ServedModel& model, std::vector<std::string>& unknown)
      : state_(state), model_(model), unknown_(unknown) {}
  // n_parsed: bytes that are held for the document.
  Effort(const ServerState& state, const models::ServedModel& model, std::vector<std::string>& unknown,
         RequestMemory& memory, std::uint64_t n_parsed, const std::atomic<bool>& ending)
      : state_(state), model_(model), unknown_(unknown), memory_(&memory), ending_(&ending), n_parsed_(n_parsed) {}
  Effort(const Effort&) = delete;
  Effort& operator=(const Effort&) = delete;
  ~Effort();

  const models::ServedModel& model() const noexcept { return model_; }
  // The request itself, for what is passed on to other servers; nullptr: nobody has said it.
  const json::object* root() const noexcept { return root_; }
  void look_at(const json::object& root) noexcept { root_ = &root; }
  const ServerLimits& limits() const noexcept { return state_.options.limits; }
  RequestRules rules() const;  // for parsers

  // A small go was not enough: what came of it counts for nothing.
  bool exceeded() const noexcept { return exceeded_; }

  // Before work of more than some milliseconds, which a small go cannot do.
  Status need_time();
  // Something of the request that is not honoured, by its path.
  void note_ignored(const std::string& path) { unknown_.push_back(path); }

  // Before something that takes so many bytes of memory besides what was parsed. Errors: overloaded, cancelled.
  Status hold(std::uint64_t n_bytes);

  // What a template may take.
  engine::chat::jinja::Limits template_limits();
  // After it: errors: those that are not the template's fault.
  Status rendered(std::uint64_t n_steps);

  // Errors: bad_input naming `field` and the numbers of tokens where a prompt cannot fit into the context, whatever its
  // tokens are.
  Status fits_context(std::string_view text, const std::string& field) const;
  // Errors: overloaded, cancelled; bad_input naming `field` where the vocabulary gives up on the text.
  Result<std::vector<engine::TokenId>> encode(std::string_view text, engine::EncodeOptions options,
                                              const std::string& field);

 private:
  bool is_small() const noexcept { return memory_ == nullptr; }
  Error too_much();
  bool may_hold(std::size_t n_bytes) override;
  bool is_over() override;

  const ServerState& state_;
  const models::ServedModel& model_;
  std::vector<std::string>& unknown_;
  RequestMemory* const memory_ = nullptr;  // of a whole go
  const std::atomic<bool>* const ending_ = nullptr;
  const std::uint64_t n_parsed_ = 0;
  const json::object* root_ = nullptr;
  bool exceeded_ = false;
  bool refused_ = false;  // the template wanted memory that is not there
};

}  // namespace quern::server
