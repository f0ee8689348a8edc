// What the three parties to one generation share: the ticket's owner, the control plane and the engine thread.
// Threads: the request and the numbers at the top are constant after submission. `cancelled` is set by anybody and only
// ever to true. The progress counters are written by the engine thread (relaxed: each is right by itself) and read by
// any.
#pragma once

#include "base/clock.hpp"
#include "engine/sampling/sampler.hpp"
#include "engine/sampling/token_score.hpp"
#include "sched/embed/embed_request.hpp"
#include "sched/phase_times.hpp"
#include "sched/request.hpp"
#include "sched/tenant_places.hpp"
#include "sched/token_stream.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quern::sched {

struct Generation {
  RequestId id = 0;
  GenerateRequest request;
  TimePoint submitted{};
  std::uint32_t n_pages_needed = 0;  // of the prompt and max_tokens together
  std::shared_ptr<TokenStream> stream;
  // Made where the request is submitted (DRY breakers are looked up, the prompt is read), so that no step pays for it.
  std::optional<engine::sampling::Sampler> sampler;
  std::shared_ptr<engine::grammar::Constraint> constraint;  // nullptr: the answer is free
  // [n_prompt], where they are wanted: what the model thought of each token of the prompt; nothing of the first.
  // Written by the engine thread before the first event is pushed, read after that was popped.
  std::vector<engine::sampling::TokenScore> prompt_scores;
  // Of one that makes vectors: then the request has no prompt, and there is no sampler.
  std::optional<EmbedWork> embed;

  std::atomic<bool> cancelled{false};
  std::atomic<bool> satisfied{false};  // set before `cancelled` where the owner has all it wants: no failure

  std::atomic<RequestState> state{RequestState::queued};
  std::atomic<FinishReason> finish{FinishReason::none};  // set before `state` turns to finished
  std::atomic<std::uint32_t> n_prefilled{0};
  std::atomic<std::uint32_t> n_generated{0};
  std::atomic<std::uint32_t> n_pages{0};
  std::atomic<std::uint32_t> n_cached{0};  // prompt tokens found in the prefix cache when it was first admitted
  std::atomic<std::uint32_t> n_preemptions{0};
  PhaseTimes times;
  // Why it was refused: written by the engine thread before the last event is pushed, read after that was popped.
  std::string refusal;
  std::shared_ptr<TenantPlaces> places;  // what its tenant holds of the queue; empty in tests of the loop

  // The reference that the submission queue holds while the request is in it.
  std::shared_ptr<Generation> queued_self;

  FinishReason cancel_reason() const noexcept {
    return satisfied.load(std::memory_order_relaxed) ? FinishReason::stop : FinishReason::cancelled;
  }
  bool finished() const noexcept { return state.load(std::memory_order_acquire) == RequestState::finished; }
  RequestStatus status(TimePoint now) const;
};

}  // namespace quern::sched
