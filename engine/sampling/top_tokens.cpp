#include "engine/sampling/top_tokens.hpp"

#include "engine/sampling/portable_math.hpp"

#include <algorithm>

namespace quern::engine::sampling {
namespace {

// Into `scratch`, the best first.
void rank(std::span<const float> logits, std::size_t n, std::vector<Ranked>& scratch) {
  select_best(logits, std::min(n, kTopTokensMax), scratch);
  std::sort(scratch.begin(), scratch.end(), better);
}

// log of exp(logit - max) / total.
float log_share(float logit, const Candidates::Weights& weights) noexcept {
  return static_cast<float>(static_cast<double>(logit) - static_cast<double>(weights.max_logit) -
                            portable_log(weights.total));
}

}  // namespace

TopTokens top_of(std::span<const float> logits, std::size_t n, double log_total, std::vector<Ranked>& scratch) {
  rank(logits, n, scratch);
  TopTokens out;
  out.reserve(scratch.size());
  for (const Ranked& r : scratch) {
    const auto logprob = static_cast<float>(static_cast<double>(sane_logit(r.logit)) - log_total);
    out.push_back({static_cast<TokenId>(r.index), logprob});
  }
  return out;
}

TopTokens top_of(Candidates& candidates, std::size_t n) {
  TopTokens out;
  const Candidates::Weights weights = candidates.weights();
  if (!(weights.total > 0.0)) return out;
  std::vector<Ranked>& scratch = candidates.scratch().ranked;
  rank(candidates.logits(), n, scratch);
  out.reserve(scratch.size());
  for (const Ranked& r : scratch) out.push_back({candidates.id(r.index), log_share(r.logit, weights)});
  return out;
}

float logprob_among(Candidates& candidates, TokenId token) {
  const std::span<const TokenId> ids = candidates.ids();
  const auto found = std::lower_bound(ids.begin(), ids.end(), token);
  if (found == ids.end() || *found != token) return kNoLogit;
  const Candidates::Weights weights = candidates.weights();
  return log_share(candidates.logits()[static_cast<std::size_t>(found - ids.begin())], weights);
}

}  // namespace quern::engine::sampling
