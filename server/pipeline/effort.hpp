// How much work one go at a request may be, and who it is accounted to. A small go is done at once on the I/O thread:
// at most some milliseconds, whatever the request is; where it would take more, it is given up and done again as a
// whole one, on a helper thread, with all that the limits allow, its memory in the budget and an eye on whether anybody
// still waits for it. Threads: one. Refers to the state, and a whole one to the request's memory, body and flag.
#pragma once

#include "engine/chat/jinja/heap.hpp"
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

  explicit Effort(const ServerState& state) : state_(state) {}
  Effort(const ServerState& state, RequestMemory& memory, std::string& body, const std::atomic<bool>& ending)
      : state_(state), memory_(&memory), body_(&body), ending_(&ending) {}
  Effort(const Effort&) = delete;
  Effort& operator=(const Effort&) = delete;
  ~Effort();

  const Services& services() const noexcept { return state_.services; }
  const ServerLimits& limits() const noexcept { return state_.options.limits; }
  const engine::sampling::SamplingParams& sampling() const noexcept { return state_.options.sampling; }
  std::size_t longest_token_bytes() const noexcept { return state_.longest_token_bytes; }

  // A small go was not enough: what came of it counts for nothing.
  bool exceeded() const noexcept { return exceeded_; }

  // To be asked before a body is parsed. Errors: overloaded (no memory for what becomes of it), cancelled.
  Status begin_parsing(std::string_view body);
  // The body is not needed any more: a whole go gives it back.
  void end_parsing() noexcept;

  // Before something that takes so many bytes of memory besides what was parsed. Errors: overloaded, cancelled.
  Status hold(std::uint64_t n_bytes);

  // What a template may take.
  engine::chat::jinja::Limits template_limits();
  // After it: errors: those that are not the template's fault.
  Status rendered(std::uint64_t n_steps);

  // Errors: bad_input naming `field` and the sizes where a prompt cannot fit into the context, whatever its tokens are.
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
  RequestMemory* const memory_ = nullptr;  // of a whole go
  std::string* const body_ = nullptr;
  const std::atomic<bool>* const ending_ = nullptr;
  std::uint64_t parsed_bytes_ = 0;  // what was parsed may take
  bool exceeded_ = false;
  bool refused_ = false;  // the template wanted memory that is not there
};

}  // namespace quern::server
