#include "sched/policy/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace quern::sched::policy {
namespace {

// How the time of a step divides where nothing better is known: a step by itself costs as much as four prompt tokens
// (the weights are read once), a decode row somewhat more than a prompt token. Between a 2-core AVX2 machine (1.6, 1.3)
// and one with AMX (20, 0.8).
constexpr std::array<double, 4> kPriorShape = {4, 1.2, 1.2, 1};
// The weight of the prior, in steps. A step is off by some 5 to 10%, the prior by a factor: hence the hundredth.
constexpr double kPriorWeight = 0.01;
constexpr double kMemory_s = 10;       // a step's weight fades to 1/e in so many seconds,
constexpr double kMemorySteps = 48;    // or in so many steps if they are slower
constexpr double kLargestError = 1.5;  // a step that is further off counts as if it were off by this factor
constexpr std::uint64_t kWarmUp = 8;   // steps before which errors are the model's, not the machine's

}  // namespace

template <std::size_t kSize>
double RecentValues<kSize>::quantile(double q) const noexcept {
  std::array<double, kSize> sorted = values_;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(size());
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(size() - 1) + 0.5);
  std::nth_element(sorted.begin(), nth, end);
  return *nth;
}

CostModel::Vector CostModel::features(const StepShape& step) noexcept {
  return {1, static_cast<double>(step.n_decodes), step.decode_context, step.prefill_work};
}

std::uint32_t CostModel::tokens_for(double work, std::uint32_t n_before) const noexcept {
  if (!(work >= 1)) return 0;
  // No token takes less work than 1.
  std::uint32_t low = 0, high = work >= 1u << 30 ? 1u << 30 : static_cast<std::uint32_t>(work);
  while (low < high) {
    const std::uint32_t middle = low + (high - low + 1) / 2;
    if (prefill_work(middle, n_before) <= work) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

void CostModel::observe(const StepShape& step, Duration took, TimePoint now) noexcept {
  const double measured = to_seconds(took);
  if (measured <= 0) return;
  const Vector x = features(step);
  double at_speed_1 = measured;
  if (known()) {
    const double predicted = seconds(step) / speed_;
    ratios_.add(measured / predicted);
    residues_.add(measured / (predicted * speed_));
    // A machine that others use is slower in everything: that is not a fact about decode rows or prompts.
    speed_ = n_observed_ < kWarmUp ? 1 : ratios_.quantile(0.5);
    at_speed_1 = measured / speed_;
    if (n_observed_ >= kWarmUp) {
      at_speed_1 = std::clamp(at_speed_1, predicted / kLargestError, predicted * kLargestError);
    }
    const double fade = std::exp(-std::min(to_seconds(now - last_) / kMemory_s, 1 / kMemorySteps));
    for (Vector& row : normal_) {
      for (double& value : row) value *= fade;
    }
    for (double& value : right_) value *= fade;
  }
  last_ = now;
  ++n_observed_;
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t j = 0; j < kTerms; ++j) normal_[i][j] += x[i] * x[j] / (at_speed_1 * at_speed_1);
    right_[i] += x[i] / at_speed_1;
  }
  refit();
  if (step.n_decodes > 0 && step.prefill_work > 0) {
    ++n_mixed_;
  } else if (step.n_decodes > 0) {
    n_mixed_ = 0;
    pure_decodes_ = step.n_decodes;
  }
}

// Least squares in units of the prior, whose scale is the one that fits best; a term that comes out negative is 0.
void CostModel::refit() noexcept {
  double up = 0, down = 0;
  for (std::size_t i = 0; i < kTerms; ++i) {
    up += kPriorShape[i] * right_[i];
    for (std::size_t j = 0; j < kTerms; ++j) down += kPriorShape[i] * normal_[i][j] * kPriorShape[j];
  }
  const double unit = up / down;
  std::array<bool, kTerms> used{true, true, true, true};
  for (;;) {
    std::array<std::array<double, kTerms + 1>, kTerms> m{};
    for (std::size_t i = 0; i < kTerms; ++i) {
      const double scale_i = kPriorShape[i] * unit;
      for (std::size_t j = 0; j < kTerms; ++j) {
        m[i][j] = used[i] && used[j] ? scale_i * normal_[i][j] * kPriorShape[j] * unit : 0;
      }
      m[i][i] = used[i] ? m[i][i] + kPriorWeight : 1;
      m[i][kTerms] = used[i] ? scale_i * right_[i] + kPriorWeight : 0;
    }
    // Symmetric and positive definite: elimination needs no pivoting.
    for (std::size_t k = 0; k < kTerms; ++k) {
      for (std::size_t i = k + 1; i < kTerms; ++i) {
        const double factor = m[i][k] / m[k][k];
        for (std::size_t j = k; j <= kTerms; ++j) m[i][j] -= factor * m[k][j];
      }
    }
    Vector solution{};
    for (std::size_t i = kTerms; i-- > 0;) {
      double sum = m[i][kTerms];
      for (std::size_t j = i + 1; j < kTerms; ++j) sum -= m[i][j] * solution[j];
      solution[i] = sum / m[i][i];
    }
    const auto least = std::min_element(solution.begin(), solution.end());
    if (*least >= 0) {
      for (std::size_t i = 0; i < kTerms; ++i) theta_[i] = solution[i] * kPriorShape[i] * unit;
      return;
    }
    used[static_cast<std::size_t>(least - solution.begin())] = false;
  }
}

double CostModel::seconds(const StepShape& step) const noexcept {
  const Vector x = features(step);
  double sum = 0;
  for (std::size_t i = 0; i < kTerms; ++i) sum += theta_[i] * x[i];
  return speed_ * sum;
}

double CostModel::work_per_second() const noexcept {
  return theta_[3] > 0 ? 1 / (speed_ * theta_[3]) : 0;
}

double CostModel::work_within(const StepShape& decodes, double target_s) const noexcept {
  if (!known() || theta_[3] <= 0) return std::numeric_limits<double>::infinity();
  return std::max(0.0, (target_s - seconds(decodes)) * work_per_second());
}

// The 90th percentile is what a few dozen steps tell; of errors around 1 the 99th lies 1.8 times as far out (normal
// distribution), and 2.2 leaves room for what the percentile itself may be off. Steps that are late for a reason of
// their own (one in twenty) stay out of it.
double CostModel::spread() const noexcept {
  if (residues_.size() < 16) return 1.1;
  return std::max(1.05, 1 + 2.2 * (residues_.quantile(0.9) - 1));
}

CostTerms CostModel::terms() const noexcept {
  return {.step = theta_[0], .decode_row = theta_[1], .decode_context = theta_[2], .prefill_work = theta_[3]};
}

bool CostModel::wants_pure_step(std::uint32_t n_decodes) const noexcept {
  if (n_decodes == 0) return false;
  const bool changed = n_decodes * 2 > pure_decodes_ * 3 || n_decodes * 3 < pure_decodes_ * 2;
  return n_mixed_ >= (changed ? kPureEverySoon : kPureEvery);
}

}  // namespace quern::sched::policy
