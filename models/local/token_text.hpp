// Tokens as clients see them beside log-probabilities, and those of a whole prompt. Threads: one; the tokenizer must
// outlive what refers to it.
#pragma once

#include "engine/sampling/token_score.hpp"
#include "engine/tokenizer/detokenizer.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "models/answer_event.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace quern::models {

// All but where it stands in the text. top: nullptr where no alternatives were asked for.
TokenLogprob describe_token(const engine::Tokenizer& tokenizer, engine::TokenId token, float logprob,
                            const engine::sampling::TopTokens* top);

// The tokens of a prompt in order, some at a time: a long one with alternatives is milliseconds of work.
class PromptText {
 public:
  // scores: as many as there are tokens; nothing is said of the first. The prompt must outlive this.
  PromptText(const engine::Tokenizer& tokenizer, std::span<const engine::TokenId> prompt,
             std::vector<engine::sampling::TokenScore> scores)
      : tokenizer_(tokenizer),
        detokenizer_(tokenizer, false, true),
        prompt_(prompt.first(scores.size())),
        scores_(std::move(scores)) {}

  std::vector<TokenLogprob> next(std::size_t n_most);  // empty: that was all

 private:
  const engine::Tokenizer& tokenizer_;
  engine::Detokenizer detokenizer_;
  std::span<const engine::TokenId> prompt_;
  std::vector<engine::sampling::TokenScore> scores_;
  std::size_t n_told_ = 0, n_characters_ = 0;
};

}  // namespace quern::models
