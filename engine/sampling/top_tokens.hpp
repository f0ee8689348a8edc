// The tokens that were most likely beside the one that was drawn, for clients that ask for log-probabilities.
// Threads: pure functions. Cost: one pass over the logits with a rising threshold, and a list of at most kTopTokensMax.
#pragma once

#include "engine/sampling/candidates.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace quern::engine::sampling {

inline constexpr std::size_t kTopTokensMax = 100;

struct TokenChance {
  TokenId token;
  float logprob;
};
using TopTokens = std::vector<TokenChance>;  // the most likely first, of equal ones the lower id

// What is asked for with a token. after_stages: probabilities among the candidates that the stages have left, of which
// greedy decoding leaves one; else those of the plain softmax of the model's logits.
struct LogprobWish {
  bool wanted = false;
  std::size_t n_top = 0;  // at most kTopTokensMax are given
  bool after_stages = false;
};

// The n best of a row whose log_sum_exp() is log_total; tokens that cannot be drawn are not listed.
TopTokens top_of(std::span<const float> logits, std::size_t n, double log_total, std::vector<Ranked>& scratch);
// The n best of the candidates.
TopTokens top_of(Candidates& candidates, std::size_t n);
// Of one candidate; -infinity where it is none.
float logprob_among(Candidates& candidates, TokenId token);

}  // namespace quern::engine::sampling
