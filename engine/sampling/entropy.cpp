#include "engine/sampling/entropy.hpp"

#include "engine/sampling/portable_math.hpp"

namespace quern::engine::sampling {

Entropy entropy_of(const Candidates::Weights& weights, std::span<const float> logits) noexcept {
  double below_max = 0.0;  // sum of weight * (max - logit)
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto w = static_cast<double>(weights.weight[i]);
    if (w > 0.0) below_max += w * static_cast<double>(weights.max_logit - logits[i]);
  }
  const double log_total = portable_log(weights.total);
  return {log_total + below_max / weights.total, log_total};
}

}  // namespace quern::engine::sampling
