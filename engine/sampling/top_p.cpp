// top-p (nucleus): keep the smallest set of most likely tokens whose probabilities add up to at least top_p.
// Source: arXiv 1904.09751.
#include "engine/sampling/mass_cutoff.hpp"
#include "engine/sampling/stage.hpp"

namespace quern::engine::sampling {

void apply_top_p(Candidates& c, Sequence& s) {
  const Candidates::Weights w = c.weights();
  const std::span<const float> logits = c.logits();
  std::vector<float>& keys = c.scratch().keys;
  keys.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) keys[i] = w.max_logit - logits[i];
  keep_mass(c, keys, {static_cast<double>(s.params.top_p) * w.total, /*exceed=*/false, s.params.min_keep});
}

}  // namespace quern::engine::sampling
