// Adds a number to the logits of chosen tokens; -infinity bans them. A token may be listed more than once.
// Source: the `logit_bias` field of the OpenAI API.
#include "engine/sampling/stage.hpp"

namespace quern::engine::sampling {

void apply_logit_bias(Candidates& c, Sequence& s) {
  for (const auto& [token, bias] : s.params.logit_bias) c.adjust(token, [b = bias](float logit) { return logit + b; });
}

}  // namespace quern::engine::sampling
