// Locally typical sampling: keep the tokens whose information content is closest to the expected one (the entropy)
// until their probabilities add up to more than typical_p. Source: arXiv 2202.00666.
#include "engine/sampling/entropy.hpp"
#include "engine/sampling/mass_cutoff.hpp"
#include "engine/sampling/stage.hpp"

#include <cmath>

namespace quern::engine::sampling {

void apply_typical(Candidates& c, Sequence& s) {
  if (c.size() == 0) return;
  const Candidates::Weights w = c.weights();
  const std::span<const float> logits = c.logits();
  const Entropy entropy = entropy_of(w, logits);
  const auto offset = static_cast<float>(entropy.log_total - entropy.nats);
  std::vector<float>& keys = c.scratch().keys;
  keys.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) keys[i] = std::fabs(w.max_logit - logits[i] + offset);
  keep_mass(c, keys, {static_cast<double>(s.params.typical_p) * w.total, /*exceed=*/true, s.params.min_keep});
}

}  // namespace quern::engine::sampling
