#include "engine/sampling/token_score.hpp"

#include "base/assert.hpp"
#include "engine/sampling/scan.hpp"

#include <algorithm>

namespace quern::engine::sampling {

TokenScore score_of(std::span<const float> logits, TokenId token, std::size_t n_top) {
  QUERN_ASSERT(token >= 0 && static_cast<std::size_t>(token) < logits.size());
  thread_local std::vector<Ranked> scratch;
  const double log_total = log_sum_exp(logits);
  const float logit = sane_logit(logits[static_cast<std::size_t>(token)]);
  const auto n_better = std::ranges::count_if(logits, [logit](float other) { return sane_logit(other) > logit; });
  TokenScore out{.logprob = logit == kNoLogit ? kNoLogit : static_cast<float>(static_cast<double>(logit) - log_total),
                 .rank = static_cast<std::uint32_t>(n_better) + 1};
  if (n_top > 0) out.top = top_of(logits, n_top, log_total, scratch);
  return out;
}

}  // namespace quern::engine::sampling
