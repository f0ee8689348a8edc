// top-n-sigma: drop every logit that lies more than n standard deviations of all logits below the best one.
// Source: arXiv 2411.07641.
#include "engine/sampling/stage.hpp"

#include <cmath>

namespace quern::engine::sampling {

void apply_top_n_sigma(Candidates& c, Sequence& s) {
  const std::span<const float> logits = c.logits();
  if (logits.size() <= 1) return;
  const auto n = static_cast<double>(logits.size());
  const double mean = sum_of(logits) / n;
  double squares = 0.0;
  for (const float logit : logits) {
    const double d = static_cast<double>(logit) - mean;
    squares += d * d;
  }
  // sqrt is exactly rounded everywhere (IEEE 754), unlike the rest of <cmath>.
  const double sigma = std::sqrt(squares / n);
  c.keep_from(
      static_cast<float>(static_cast<double>(c.max_logit()) - static_cast<double>(s.params.top_n_sigma) * sigma));
}

}  // namespace quern::engine::sampling
