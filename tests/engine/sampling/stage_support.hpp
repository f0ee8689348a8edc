// For tests of sampling stages: run one stage on given logits and look at what is left.
#pragma once

#include "engine/sampling/chain.hpp"
#include "engine/sampling/rng.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace quern::test {

// All stages off.
inline engine::sampling::SamplingParams stages_off() {
  engine::sampling::SamplingParams p;
  p.temperature = 1.0f;
  p.top_k = 0;
  p.top_p = 1.0f;
  p.min_p = 0.0f;
  return p;
}

using Left = std::map<engine::TokenId, float>;  // id -> logit

inline Left left_of(engine::sampling::Candidates& c) {
  Left left;
  for (std::size_t i = 0; i < c.size(); ++i) left.emplace(c.id(i), c.logits()[i]);
  return left;
}

inline Left run_stage(engine::sampling::Stage stage, const engine::sampling::SamplingParams& params,
                      std::span<const float> logits, std::span<const engine::TokenId> history = {}) {
  engine::sampling::Sequence sequence(params);
  for (const engine::TokenId token : history) sequence.history.accept(token);
  engine::sampling::Candidates candidates;
  candidates.assign(logits);
  engine::sampling::apply_stage(stage, candidates, sequence);
  return left_of(candidates);
}

// Logits as models have them: bell-shaped, with ties (rounded to `grain` when it is positive).
inline std::vector<float> random_logits(std::size_t n, std::uint64_t seed, float grain = 0.0f) {
  engine::sampling::Rng rng(seed);
  std::vector<float> logits(n);
  for (float& logit : logits) {
    double sum = -6.0;  // twelve uniform numbers: nearly normal, variance 1
    for (int i = 0; i < 12; ++i) sum += rng.uniform();
    logit = static_cast<float>(sum * 3.0);
    if (grain > 0.0f) logit = static_cast<float>(static_cast<int>(logit / grain)) * grain;
  }
  return logits;
}

// Token ids, the most likely first; of equal ones the lower id.
inline std::vector<engine::TokenId> ranking(std::span<const float> logits) {
  std::vector<engine::TokenId> ids(logits.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<engine::TokenId>(i);
  std::stable_sort(ids.begin(), ids.end(), [&](engine::TokenId a, engine::TokenId b) {
    return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
  });
  return ids;
}

// Softmax in double, by the textbook.
inline std::vector<double> softmax(std::span<const float> logits) {
  double max = -std::numeric_limits<double>::infinity(), total = 0.0;
  for (const float logit : logits) max = std::max(max, static_cast<double>(logit));
  std::vector<double> p;
  for (const float logit : logits) total += p.emplace_back(std::exp(static_cast<double>(logit) - max));
  for (double& value : p) value /= total;
  return p;
}

}  // namespace quern::test
