// How long a step takes, learned from the steps themselves, and how many prompt tokens may join one so that the streams
// in it keep their pace. A step with d decode rows alone takes D(d): a moving average for each d. Prompt tokens add
// work / rate: a token's work is 1 and grows with the tokens before it (attention), as the model's shape says; the rate
// is a moving average. Both averages are robust: one sample moves them by a bounded factor (this machine is shared).
// Threads: engine thread. Pure apart from its memory; no clock.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <vector>

namespace quern::sched {

struct StepShape {
  std::uint32_t n_decodes = 0;
  double prefill_work = 0;  // see prefill_work()
};

class CostModel {
 public:
  // context_cost: work that one earlier token adds to a token.
  CostModel(std::uint32_t max_decodes, double context_cost) : context_cost_(context_cost), decode_s_(max_decodes + 1) {}

  // Of n tokens behind n_before others.
  double prefill_work(std::uint32_t n, std::uint32_t n_before) const noexcept {
    return n * (1.0 + context_cost_ * (n_before + n / 2.0));
  }
  // The most tokens behind n_before whose work is at most `work`.
  std::uint32_t tokens_for(double work, std::uint32_t n_before) const noexcept;

  void observe(const StepShape& step, Duration took) noexcept;

  // 0: nothing is known yet.
  double decode_seconds(std::uint32_t n_decodes) const noexcept;
  double work_per_second() const noexcept { return rate_; }
  double seconds(const StepShape& step) const noexcept;

  // What may join n_decodes so that the step takes at most target_s. 0: not even a token; infinity: nothing is known.
  double work_within(std::uint32_t n_decodes, double target_s) const noexcept;

 private:
  const double context_cost_;
  std::vector<double> decode_s_;  // [n_decodes]; 0: never seen
  double rate_ = 0;               // work per second; 0: never seen
};

}  // namespace quern::sched
