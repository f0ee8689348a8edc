// min-p: drop every token less likely than min_p times the most likely one. Source: arXiv 2407.01082.
#include "engine/sampling/portable_math.hpp"
#include "engine/sampling/stage.hpp"

namespace quern::engine::sampling {

void apply_min_p(Candidates& c, Sequence& s) {
  const float max = c.max_logit();
  if (max == kNoLogit) return c.compact();
  // p_i / p_max = exp(l_i - l_max), so a threshold on the logit does it: no softmax needed.
  const float min_p =
      std::max(s.params.min_p, std::numeric_limits<float>::min());  // the logarithm wants normal numbers
  const float floor = std::min(max, kLogitMax) + static_cast<float>(portable_log(static_cast<double>(min_p)));
  const std::size_t min_keep = s.params.min_keep;
  if (min_keep <= 1) return c.keep_from(floor);
  std::size_t n_above = 0;
  for (const float logit : c.logits()) n_above += logit >= floor ? 1 : 0;
  if (n_above >= min_keep) return c.keep_from(floor);
  c.keep_best(min_keep);
}

}  // namespace quern::engine::sampling
