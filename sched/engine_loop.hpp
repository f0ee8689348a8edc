// The step: take submissions, drop what was cancelled or is too late, admit, plan, forward, sample, push tokens, list
// pages. run() is the engine thread; step() alone is what tests drive, without threads and with a fake clock.
// Threads: one. Nothing in a step takes a mutex of ours or allocates per token; waking a reader that sleeps posts to
// its executor, which does both inside Asio, off the path of readers that keep up; the most likely tokens beside the
// drawn one are allocated for those who ask for them. Results do not depend on who shares a step: tokens, positions,
// pages and sampler are the sequence's own. Errors: what can throw (memory, while a sequence is made or sampled) is
// caught there and fails that sequence alone (FinishReason::failed), as a row of logits does from which nobody can
// draw; planning, forward() and delivery cannot throw.
#pragma once

#include "base/clock.hpp"
#include "engine/backend.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "sched/batcher.hpp"
#include "sched/conductor.hpp"
#include "sched/engine_signal.hpp"
#include "sched/page_audit.hpp"
#include "sched/policy/cost_model.hpp"
#include "sched/policy/pace.hpp"
#include "sched/residents.hpp"
#include "sched/stats.hpp"
#include "sched/submission_queue.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quern::sched {

struct EngineParts {  // all outlive the loop
  engine::Backend& backend;
  const engine::Tokenizer& tokenizer;  // end-of-generation tokens
  const Clock& clock;
  SubmissionQueue& queue;
  EngineSignal& signal;
  Stats& stats;
  PageAudit* audit = nullptr;       // in audit builds and tests: a finding ends the process
  Conductor::Seat* seat = nullptr;  // among the engines that share the backend's cores; nullptr: there are no others
};

class EngineLoop {
 public:
  EngineLoop(const EngineParts& parts, CacheParts cache, const SchedulerLimits& limits, std::uint32_t page_tokens);
  ~EngineLoop() { shut_down(); }

  // Steps while there is work, sleeps while there is none; returns when `stop` is set (and the signal raised) after
  // everything has ended as cancelled.
  void run(const std::atomic<bool>& stop) noexcept;
  bool step() noexcept;  // false: nothing could run; sleep until the signal is raised, or for idle_time()
  // How long the loop may sleep before somebody who waits is too late; nullopt: until the signal is raised.
  std::optional<Duration> idle_time() const noexcept;
  void shut_down() noexcept;

 private:
  void run_step() noexcept;
  void sweep() noexcept;
  void take_submissions() noexcept;
  void end_late() noexcept;
  void make_places() noexcept;
  void refuse_hopeless(std::size_t first_new) noexcept;
  void publish_wait(TimePoint now) noexcept;
  void refuse(Sequence& sequence, std::string why) noexcept;
  void admit() noexcept;
  void grow_pages() noexcept;
  void collect_runnable() noexcept;
  bool too_late(const Sequence& sequence, TimePoint now) const noexcept;
  bool waits_for_others(const Sequence& sequence) const noexcept;
  std::uint32_t prefill_budget(TimePoint now) noexcept;
  std::uint32_t alone_budget(std::uint32_t deepest) const noexcept;
  void publish(double decodes_s, bool prompts) noexcept;
  void forward(std::span<const BatchShare> shares) noexcept;
  void draw(std::span<const BatchShare> shares) noexcept;
  void learn(std::span<const BatchShare> shares, Duration took) noexcept;
  void deliver(std::span<const BatchShare> shares) noexcept;
  bool push_token(Sequence& sequence, TokenEvent event, TimePoint now);
  void deliver_token(Sequence& sequence, engine::sampling::Drawn drawn, TimePoint now);
  void fail_row(Sequence& sequence, engine::sampling::RowFault fault) noexcept;
  void observe_token(Sequence& sequence, TimePoint now) noexcept;
  void finish(Sequence& sequence, TokenEvent last) noexcept;
  void finish_waiting(Sequence& sequence, FinishReason reason) noexcept;
  void finish_generation(Generation& generation, TokenEvent last) noexcept;

  // What is drawn from a row of logits. Neither drawn nor failed: it was cancelled, or has all its tokens, or the row
  // is not its last: then what it says of the next token of the prompt is noted.
  struct Draw {
    Sequence* sequence = nullptr;
    std::span<const float> logits;
    std::uint32_t position = 0;  // of the token behind which it is
    bool last = true;
    engine::sampling::RowFault fault = engine::sampling::RowFault::none;
    std::optional<engine::sampling::Drawn> drawn = {};
    std::exception_ptr failure = {};
  };
  static void draw_one(Draw& draw) noexcept;
  void fail_draw(Sequence& sequence, const Draw& draw) noexcept;

  EngineParts parts_;
  const SchedulerLimits limits_;
  const std::uint32_t page_tokens_;
  const std::uint32_t n_vocab_;
  Residents residents_;
  Batcher batcher_;
  policy::CostModel cost_;
  const policy::PaceLimits pace_;
  engine::StepPlan plan_;
  std::vector<float> logits_;                 // [max_logits_per_step, n_vocab]
  std::vector<Sequence*> runnable_;           // running and not parked: the batcher's inputs
  std::vector<BatchInput> inputs_;            // of the same indexes
  std::vector<const Sequence*> prefilling_;   // of this step, in order: see waits_for_others()
  std::vector<policy::StrictStream> strict_;  // of this step: streams that asked for max_itl
  std::vector<Draw> draws_;                   // of this step, in the order of its rows
  std::uint64_t last_turn_ = 0;
  std::uint32_t swept_epoch_ = 0;
  bool swept_ = false;
  double typical_answer_;      // tokens: a moving average over answers that ended by themselves
  TimePoint wait_known_at_{};  // when expected_wait_s was last computed
};

}  // namespace quern::sched
