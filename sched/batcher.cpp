#include "sched/batcher.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace quern::sched {
namespace {

// Keeps the n sequences that waited longest, in that order; equals in order of index.
void keep_longest_waiting(std::vector<std::uint32_t>& indexes, std::size_t n, std::span<const BatchInput> inputs) {
  if (indexes.size() <= n) return;
  const auto waited_longer = [inputs](std::uint32_t a, std::uint32_t b) {
    return inputs[a].last_turn != inputs[b].last_turn ? inputs[a].last_turn < inputs[b].last_turn : a < b;
  };
  std::sort(indexes.begin(), indexes.end(), waited_longer);
  indexes.resize(n);
}

}  // namespace

Batcher::Batcher(const BatchLimits& limits, std::uint32_t max_inputs) : limits_(limits) {
  QUERN_ASSERT(std::min({limits.max_tokens, limits.max_seqs, limits.max_logits}) >= 1);
  shares_.reserve(max_inputs);
  decodes_.reserve(max_inputs);
  prompts_.reserve(max_inputs);
  n_of_tenant_.resize(max_inputs);
}

std::span<const BatchShare> Batcher::choose(std::span<const BatchInput> inputs, std::uint32_t prefill_tokens) {
  shares_.clear();
  decodes_.clear();
  prompts_.clear();
  for (std::uint32_t i = 0; i < inputs.size(); ++i) {
    (inputs[i].n_prompt_left == 0 ? decodes_ : prompts_).push_back(i);
  }
  const std::uint32_t n_decode_tokens = choose_decodes(inputs);
  choose_prompts(inputs, n_decode_tokens, prefill_tokens);
  return shares_;
}

std::uint32_t Batcher::choose_decodes(std::span<const BatchInput> inputs) {
  std::uint32_t places = std::min({limits_.max_seqs, limits_.max_tokens, limits_.max_logits});
  if (!prompts_.empty() && places > 1) --places;
  keep_longest_waiting(decodes_, places, inputs);
  // Each has its one; what had to follow takes what is left, and waits otherwise.
  const std::uint32_t kept = static_cast<std::uint32_t>(decodes_.size()) + (prompts_.empty() ? 0 : 1);
  std::uint32_t left = limits_.max_tokens - std::min(kept, limits_.max_tokens);
  std::uint32_t n_tokens = 0;
  for (const std::uint32_t index : decodes_) {
    const std::uint32_t more = std::min(inputs[index].n_decode - 1, left);
    left -= more;
    n_tokens += 1 + more;
    shares_.push_back(
        {.index = index, .n_tokens = 1 + more, .logits = 1 + more == inputs[index].n_decode, .decode_role = true});
  }
  return n_tokens;
}

void Batcher::choose_prompts(std::span<const BatchInput> inputs, std::uint32_t n_decode_tokens,
                             std::uint32_t prefill_tokens) {
  const auto n_decodes = static_cast<std::uint32_t>(decodes_.size());
  std::uint32_t tokens = std::min(limits_.max_tokens - n_decode_tokens, prefill_tokens);
  std::uint32_t logits = limits_.max_logits - n_decodes;
  keep_longest_waiting(prompts_, std::min(limits_.max_seqs - n_decodes, tokens), inputs);

  std::fill(n_of_tenant_.begin(), n_of_tenant_.end(), 0);
  for (const std::uint32_t index : prompts_) ++n_of_tenant_[inputs[index].tenant];
  // Each prompt's weight is its part of its tenant's share. Those that are satisfied first come first, so that what
  // they leave is known to the others.
  const auto weight = [&](std::uint32_t index) { return 1.0 / n_of_tenant_[inputs[index].tenant]; };
  const auto wanted = [&](std::uint32_t index) {
    return std::min(inputs[index].n_prompt_left, inputs[index].max_chunk);
  };
  std::sort(prompts_.begin(), prompts_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double ends_a = wanted(a) / weight(a), ends_b = wanted(b) / weight(b);
    return ends_a != ends_b ? ends_a < ends_b : a < b;
  });
  double weights = 0;
  for (const std::uint32_t index : prompts_) weights += weight(index);
  for (const std::uint32_t index : prompts_) {
    constexpr double kRounding = 1e-6;  // a third of 30 is 10
    const auto share =
        static_cast<std::uint32_t>(std::min<double>(tokens, tokens * weight(index) / weights + kRounding));
    weights -= weight(index);
    const std::uint32_t left = inputs[index].n_prompt_left;
    const bool all_logits = inputs[index].all_logits;
    std::uint32_t n_tokens = std::min({wanted(index), share, all_logits ? logits : UINT32_MAX});
    if (n_tokens == left && n_tokens > 0 && logits == 0) --n_tokens;  // its last token has to wait for a row of logits
    if (n_tokens == 0) continue;
    const bool last = n_tokens == left;
    shares_.push_back({.index = index,
                       .n_tokens = n_tokens,
                       .logits = last,
                       .decode_role = inputs[index].decode_role,
                       .all_logits = all_logits});
    tokens -= n_tokens;
    logits -= shares_.back().n_rows();
  }
  std::size_t n_decode_role = n_decodes;
  for (std::size_t i = n_decodes; i < shares_.size(); ++i) {
    if (shares_[i].decode_role) std::swap(shares_[i], shares_[n_decode_role++]);
  }
}

}  // namespace quern::sched
