// How long a step takes, learned from all steps, and how many prompt tokens fit into one. The model is
//   seconds = speed * (a + b * decode rows + c * context of the decode rows + work of prompt tokens / r)
// with a, b, c, 1/r >= 0. A token's work is 1 and grows with the tokens it sees (engine::ContextCost). The four terms
// are one least-squares fit of relative errors in which old steps fade within seconds; where the steps seen do not tell
// two terms apart (only one stream, always the same chunk), a weak prior divides the time between them as it is on
// ordinary machines. `speed` follows neighbours that take the machine: the median of the last few steps' errors, so
// that neither a late step nor one in twenty moves it.
// Threads: engine thread. No allocation after construction; pure apart from its memory: the caller gives the time.
// Source: exponentially weighted least squares with a Tikhonov prior (any textbook).
#pragma once

#include "base/clock.hpp"
#include "engine/context_cost.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace quern::sched::policy {

struct StepShape {
  std::uint32_t n_decodes = 0;  // rows
  double decode_context = 0;    // sum of CostModel::decode_context() over them
  double prefill_work = 0;      // sum of CostModel::prefill_work() over prompts
};

// Seconds per unit at speed 1.
struct CostTerms {
  double step = 0, decode_row = 0, decode_context = 0, prefill_work = 0;
};

// The last few numbers, and any quantile of them. No allocation.
template <std::size_t kSize>
class RecentValues {
 public:
  void add(double value) noexcept { values_[n_added_++ % kSize] = value; }
  std::size_t size() const noexcept { return n_added_ < kSize ? n_added_ : kSize; }
  double quantile(double q) const noexcept;  // REQUIRES: size() > 0

 private:
  std::array<double, kSize> values_{};
  std::size_t n_added_ = 0;
};

class CostModel {
 public:
  explicit CostModel(engine::ContextCost context_cost) : context_cost_(std::move(context_cost)) {}

  double decode_context(std::uint32_t n_before) const noexcept { return context_cost_.at(n_before); }
  // Of n prompt tokens behind n_before others.
  double prefill_work(std::uint32_t n, std::uint32_t n_before) const noexcept {
    return n + context_cost_.of_range(n_before, n);
  }
  // The most tokens behind n_before whose work is at most `work`.
  std::uint32_t tokens_for(double work, std::uint32_t n_before) const noexcept;

  void observe(const StepShape& step, Duration took, TimePoint now) noexcept;

  // ---- all 0 until a step was observed ----
  bool known() const noexcept { return n_observed_ > 0; }
  double seconds(const StepShape& step) const noexcept;
  double work_per_second() const noexcept;  // of prompts, beside decodes
  // What may join these decodes so that the step takes at most target_s. 0: not even a token; infinity: not known.
  double work_within(const StepShape& decodes, double target_s) const noexcept;
  // By which factor one step in a hundred takes longer than predicted; at least 1.05.
  double spread() const noexcept;
  CostTerms terms() const noexcept;
  double speed() const noexcept { return speed_; }

  // A step without prompts would tell what decodes cost alone, and it is time to know: the load has changed, or only
  // steps with prompts were seen for long. Costs a prompt one step in kPureEvery.
  bool wants_pure_step(std::uint32_t n_decodes) const noexcept;
  static constexpr std::uint32_t kPureEvery = 32, kPureEverySoon = 6;

 private:
  static constexpr std::size_t kTerms = 4;
  using Vector = std::array<double, kTerms>;

  static Vector features(const StepShape& step) noexcept;
  void refit() noexcept;

  const engine::ContextCost context_cost_;
  std::array<Vector, kTerms> normal_{};  // sum of weight * z z^T with z = features / seconds
  Vector right_{};                       // sum of weight * z
  Vector theta_{};
  double speed_ = 1;
  RecentValues<5> ratios_;     // seconds / prediction at speed 1
  RecentValues<96> residues_;  // seconds / prediction
  std::uint64_t n_observed_ = 0;
  TimePoint last_{};
  std::uint32_t n_mixed_ = 0;       // steps with prompts and decodes since the last without prompts
  std::uint32_t pure_decodes_ = 0;  // rows of that one
};

}  // namespace quern::sched::policy
