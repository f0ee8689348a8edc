// XTC, "exclude top choices": with some probability, drop all tokens at least as likely as the threshold except the
// least likely of them, so that a text leaves the beaten track where there is more than one good way on.
// Source: text-generation-webui PR 6335 by p-e-w.
#include "engine/sampling/stage.hpp"

namespace quern::engine::sampling {

void apply_xtc(Candidates& c, Sequence& s) {
  if (c.size() < 2) return;
  const double probability = static_cast<double>(s.params.xtc_probability);
  if (probability < 1.0 && s.rng.uniform() >= probability) return;
  const Candidates::Weights w = c.weights();
  const double least_weight = static_cast<double>(s.params.xtc_threshold) * w.total;
  const std::span<const float> logits = c.logits();
  std::size_t n_above = 0;
  Ranked last{};
  for (std::uint32_t i = 0; i < logits.size(); ++i) {
    if (static_cast<double>(w.weight[i]) < least_weight) continue;
    const Ranked here{logits[i], i};
    if (n_above++ == 0 || better(last, here)) last = here;
  }
  if (n_above < 2 || logits.size() - (n_above - 1) < s.params.min_keep) return;
  // Indexes move while the list closes up, but each is asked for before anything is written behind it.
  c.keep_if([&, last](std::size_t i) { return !better({logits[i], static_cast<std::uint32_t>(i)}, last); });
}

}  // namespace quern::engine::sampling
