// How likely the token that came next was by a row of the model's logits, for a text that is given: a prompt.
// Threads: a pure function but for a buffer of each thread, which grows to the largest number of alternatives.
#pragma once

#include "engine/sampling/top_tokens.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace quern::engine::sampling {

struct TokenScore {
  float logprob = 0;       // natural log of the plain softmax; -infinity where its logit is none
  std::uint32_t rank = 0;  // 1: none was more likely
  TopTokens top = {};
};

// REQUIRES: token is one of the row's. May throw std::bad_alloc.
TokenScore score_of(std::span<const float> logits, TokenId token, std::size_t n_top);

}  // namespace quern::engine::sampling
