// A backend whose steps take no time but move a fake clock by what the machine says, and notes what each step was.
#pragma once

#include "base/clock.hpp"
#include "engine/backend.hpp"
#include "tests/sched/sim/machine.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::test::sim {

struct StepNote {
  double begin_s = 0, took_s = 0;
  double decodes_s = 0;         // what its decodes would have taken alone, without noise
  double per_prompt_token = 1;  // work
  std::uint32_t n_decodes = 0, n_prompt_tokens = 0;
};

class SimBackend final : public engine::Backend {
 public:
  SimBackend(const Machine& machine, ManualClock& clock, std::uint32_t seed, const engine::BackendLimits& limits)
      : machine_(machine), clock_(clock), noise_(machine_, seed), limits_(limits) {
    info_.name = info_.architecture = "sim";
    info_.n_vocab = 8;
    info_.n_context_train = limits.max_context;
    info_.context_cost = machine.context_cost;
  }

  const engine::ModelInfo& info() const noexcept override { return info_; }
  const engine::BackendLimits& limits() const noexcept override { return limits_; }

  void forward(const engine::StepPlan& plan, std::span<float> logits) noexcept override {
    std::fill(logits.begin(), logits.end(), 0.0f);
    for (std::uint32_t row = 0; row < plan.n_logits(); ++row) logits[row * info_.n_vocab + 5] = 10;
    const double now_s = to_seconds(clock_.now().time_since_epoch());
    double context = 0, work = 0;
    for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) {
      const auto before = static_cast<std::uint32_t>(plan.position[plan.seq_begin[s]]);
      const std::uint32_t n = plan.seq_begin[s + 1] - plan.seq_begin[s];
      if (s < plan.n_decode_seqs) {
        context += machine_.context_cost.at(before);
      } else {
        work += n + machine_.context_cost.of_range(before, n);
      }
    }
    StepNote note{.begin_s = now_s, .n_decodes = plan.n_decode_seqs};
    note.n_prompt_tokens = plan.n_tokens() - plan.n_decode_seqs;
    if (note.n_prompt_tokens > 0) note.per_prompt_token = work / note.n_prompt_tokens;
    if (plan.n_decode_seqs > 0) note.decodes_s = machine_.decodes(plan.n_decode_seqs, context, now_s);
    const double own = plan.n_decode_seqs > 0 ? note.decodes_s : machine_.slow(now_s) * machine_.step_s;
    note.took_s = (own + machine_.prompts(work, now_s)) * noise_.next();
    clock_.advance(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(note.took_s)));
    notes.push_back(note);
  }

  std::vector<StepNote> notes;

 private:
  const Machine machine_;
  ManualClock& clock_;
  Noise noise_;
  engine::BackendLimits limits_;
  engine::ModelInfo info_;
};

}  // namespace quern::test::sim
