// Repetition, frequency and presence penalties over the last repeat_last_n tokens.
// Repetition makes a seen token less likely whatever the sign of its logit (Source: CTRL, arXiv 1909.05858,
// section 4.1, with the usual repair for negative logits); frequency counts occurrences, presence asks for one (Source:
// OpenAI API).
#include "engine/sampling/stage.hpp"

namespace quern::engine::sampling {

void apply_penalties(Candidates& c, Sequence& s) {
  const SamplingParams& p = s.params;
  for (const TokenTable::Entry& seen : s.history.counts().entries()) {
    if (seen.value == 0) continue;
    const float minus = static_cast<float>(seen.value) * p.frequency_penalty + p.presence_penalty;
    c.adjust(seen.token, [&](float logit) {
      const float scaled = logit <= 0.0f ? logit * p.repeat_penalty : logit / p.repeat_penalty;
      return scaled - minus;
    });
  }
}

}  // namespace quern::engine::sampling
