// Shannon entropy of the candidates' softmax, for typical and dynamic temperature.
#pragma once

#include "engine/sampling/candidates.hpp"

namespace quern::engine::sampling {

struct Entropy {
  double nats;
  double log_total;  // -log p of a candidate is log_total + (max_logit - logit): no logarithm per candidate
};
// REQUIRES: the list is not empty.
Entropy entropy_of(const Candidates::Weights& weights, std::span<const float> logits) noexcept;

}  // namespace quern::engine::sampling
