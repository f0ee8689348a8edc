// Temperature: logits divided by a number; 0 keeps only the best token. Dynamic temperature moves that number within
// [temperature - range, temperature + range] by how uncertain the model is: the entropy as a share of the largest
// possible one, to the power of the exponent. Source: llama.cpp PR 4972 (entropy-based dynamic temperature).
#include "engine/sampling/entropy.hpp"
#include "engine/sampling/portable_math.hpp"
#include "engine/sampling/stage.hpp"

#include <cmath>

namespace quern::engine::sampling {
namespace {

// REQUIRES: at least two candidates.
float dynamic_temperature(Candidates& c, const SamplingParams& p) {
  const double low = std::max(0.0, static_cast<double>(p.temperature) - static_cast<double>(p.dynatemp_range));
  const double high = static_cast<double>(p.temperature) + static_cast<double>(p.dynatemp_range);
  const std::span<const float> logits = c.logits();
  const double most = portable_log(static_cast<double>(logits.size()));
  // Rounding can take the share a little outside [0, 1].
  const double share = std::clamp(entropy_of(c.weights(), logits).nats / most, 0.0, 1.0);
  return static_cast<float>(low + (high - low) * portable_pow(share, static_cast<double>(p.dynatemp_exponent)));
}

}  // namespace

void apply_temperature(Candidates& c, Sequence& s) {
  float t = s.params.temperature;
  if (s.params.dynatemp_range > 0.0f && t > 0.0f) {
    if (c.size() < 2) return;
    t = dynamic_temperature(c, s.params);
  }
  // Where the best quotient would overflow, the limit of small temperatures is as good as reached.
  if (t <= 0.0f || !std::isfinite(std::min(c.max_logit(), kLogitMax) / t)) return c.keep_best(1);
  c.divide(t);
}

}  // namespace quern::engine::sampling
