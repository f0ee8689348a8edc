// Repetition penalty over the last repeat_last_n tokens, the prompt's too; frequency and presence penalties over the
// whole completion, and nothing of the prompt.
// Repetition makes a seen token less likely whatever the sign of its logit (Source: CTRL, arXiv 1909.05858,
// section 4.1, with the usual repair for negative logits; the window is llama.cpp's); frequency counts occurrences,
// presence asks for one (Source: OpenAI API, "the text so far" being what was sampled).
// Cost of a step: linear in the distinct tokens counted, whatever the length of the completion.
#include "engine/sampling/stage.hpp"

namespace quern::engine::sampling {

void apply_penalties(Candidates& c, Sequence& s) {
  const SamplingParams& p = s.params;
  if (p.repeat_penalty != 1.0f) {
    for (const TokenTable::Entry& seen : s.history.recent().entries()) {
      if (seen.value == 0) continue;
      c.adjust(seen.token,
               [&](float logit) { return logit <= 0.0f ? logit * p.repeat_penalty : logit / p.repeat_penalty; });
    }
  }
  if (p.frequency_penalty == 0.0f && p.presence_penalty == 0.0f) return;
  for (const TokenTable::Entry& drawn : s.history.drawn().entries()) {
    const float minus = static_cast<float>(drawn.value) * p.frequency_penalty + p.presence_penalty;
    c.adjust(drawn.token, [minus](float logit) { return logit - minus; });
  }
}

}  // namespace quern::engine::sampling
