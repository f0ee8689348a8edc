#include "sched/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::sched {
namespace {

constexpr double kShareOfNewest = 0.2;
constexpr double kLargestFactor = 2.0;  // by which one sample may differ from the average and still count in full

double averaged(double average, double sample) noexcept {
  if (average == 0) return sample;
  const double bounded = std::clamp(sample, average / kLargestFactor, average * kLargestFactor);
  return average + kShareOfNewest * (bounded - average);
}

}  // namespace

std::uint32_t CostModel::tokens_for(double work, std::uint32_t n_before) const noexcept {
  // n (1 + c b) + c n^2 / 2 = work, with c = context_cost_ and b = n_before.
  const double per_token = 1.0 + context_cost_ * n_before;
  const double n = context_cost_ == 0
                       ? work
                       : (std::sqrt(per_token * per_token + 2 * context_cost_ * work) - per_token) / context_cost_;
  return n >= 4e9 ? UINT32_MAX : static_cast<std::uint32_t>(std::max(n, 0.0));
}

void CostModel::observe(const StepShape& step, Duration took) noexcept {
  const double seconds = to_seconds(took);
  if (step.n_decodes >= decode_s_.size() || seconds <= 0) return;
  if (step.prefill_work == 0) {
    if (step.n_decodes > 0) decode_s_[step.n_decodes] = averaged(decode_s_[step.n_decodes], seconds);
    return;
  }
  const double decodes = decode_seconds(step.n_decodes);
  if (step.n_decodes > 0 && decodes == 0) return;  // which part was whose is not known
  // At least a twentieth: a step that was no slower with prompts than without would promise an endless rate.
  rate_ = averaged(rate_, step.prefill_work / std::max(seconds - decodes, seconds / 20));
}

double CostModel::decode_seconds(std::uint32_t n_decodes) const noexcept {
  if (n_decodes == 0 || n_decodes >= decode_s_.size()) return 0;
  if (decode_s_[n_decodes] > 0) return decode_s_[n_decodes];
  // Of neighbours: more rows take at least as long, fewer at most in proportion to the rows.
  std::uint32_t below = n_decodes, above = n_decodes;
  while (below > 0 && decode_s_[below] == 0) --below;
  while (above < decode_s_.size() && decode_s_[above] == 0) ++above;
  const bool has_below = below > 0, has_above = above < decode_s_.size();
  if (has_below && has_above) {
    const double part = static_cast<double>(n_decodes - below) / (above - below);
    return decode_s_[below] + part * (decode_s_[above] - decode_s_[below]);
  }
  return has_below ? decode_s_[below] : has_above ? decode_s_[above] : 0;
}

double CostModel::seconds(const StepShape& step) const noexcept {
  return decode_seconds(step.n_decodes) + (rate_ > 0 ? step.prefill_work / rate_ : 0);
}

double CostModel::work_within(std::uint32_t n_decodes, double target_s) const noexcept {
  const double decodes = decode_seconds(n_decodes);
  if (rate_ == 0 || (n_decodes > 0 && decodes == 0)) return std::numeric_limits<double>::infinity();
  return std::max(0.0, (target_s - decodes) * rate_);
}

}  // namespace quern::sched
