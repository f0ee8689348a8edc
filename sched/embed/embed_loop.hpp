// The step of an engine that makes vectors: take submissions, drop what was cancelled or is too late, choose texts,
// compute them whole, hand vectors over. run() is the engine thread; step() alone is what tests drive, without threads
// and with a fake clock. A text takes no KV pages and is computed in one step; the texts of a step may be of several
// requests. Threads: one. Limits: what a step takes beside the streams of other engines is bounded by the two-sided
// target (policy/round.hpp), but never below one text. Errors: what can throw while a request is taken fails that
// request alone; so does a text whose vector holds something that is not a finite number.
#pragma once

#include "base/clock.hpp"
#include "engine/backend.hpp"
#include "sched/conductor.hpp"
#include "sched/engine_signal.hpp"
#include "sched/generation.hpp"
#include "sched/policy/cost_model.hpp"
#include "sched/policy/pace.hpp"
#include "sched/stats.hpp"
#include "sched/submission_queue.hpp"
#include "sched/tenants.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace quern::sched {

struct EmbedParts {  // all outlive the loop
  engine::Embedder& embedder;
  const engine::BackendLimits& limits;
  const engine::ContextCost& context_cost;
  const Clock& clock;
  SubmissionQueue& queue;
  EngineSignal& signal;
  Stats& stats;
  Conductor::Seat& seat;
};

class EmbedLoop {
 public:
  EmbedLoop(const EmbedParts& parts, const SchedulerLimits& limits);
  ~EmbedLoop() { shut_down(); }

  void run(const std::atomic<bool>& stop) noexcept;
  bool step() noexcept;  // false: there is nothing to do; sleep until the signal is raised
  void shut_down() noexcept;

 private:
  // A request that is here; in the order in which they came.
  struct Job {
    std::shared_ptr<Generation> generation;
    Tenant* tenant = nullptr;
    std::uint32_t n_chosen = 0, n_done = 0;  // of its texts
    std::uint32_t n_tokens_left = 0;         // of texts that were not chosen yet
    std::uint64_t last_turn = 0;             // grows: whose texts were chosen last

    EmbedWork& work() const noexcept { return *generation->embed; }
    std::size_t n_left() const noexcept { return work().texts.size() - n_chosen; }
  };
  struct Share {  // of a step: one text
    std::uint32_t job = 0, text = 0;
  };

  void sweep() noexcept;
  void take(std::shared_ptr<Generation> generation) noexcept;
  void refuse_hopeless(Job& job);
  void make_places() noexcept;
  Job* most_urgent(const Job* like) noexcept;
  std::uint32_t budget() noexcept;
  void choose(std::uint32_t n_tokens) noexcept;
  void forward() noexcept;
  void deliver(std::span<const std::uint32_t> broken) noexcept;
  void fail(Job& job, std::uint32_t text) noexcept;
  void refuse(Job& job, std::string why) noexcept;
  void finish(Job& job, const TokenEvent& last) noexcept;
  void remove_ended() noexcept;

  EmbedParts parts_;
  const std::uint64_t capacity_;  // requests that may be here
  const policy::PaceLimits pace_;
  policy::CostModel cost_;
  Tenants tenants_;
  std::vector<Job> jobs_;
  std::vector<Share> shares_;   // of this step
  std::vector<float> vectors_;  // [max_seqs, width]
  engine::StepPlan plan_;
  std::uint64_t last_turn_ = 0;
  std::uint64_t n_tokens_left_ = 0;  // of all jobs
};

}  // namespace quern::sched
