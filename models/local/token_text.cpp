#include "models/local/token_text.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <cmath>
#include <utility>

namespace quern::models {

TokenLogprob describe_token(const engine::Tokenizer& tokenizer, engine::TokenId token, float logprob,
                            const engine::sampling::TopTokens* top) {
  constexpr double kLowest = -9999;  // JSON knows no infinities: what other servers send
  const auto one = [&](engine::TokenId id, float value) {
    return TokenChance{.text = engine::replace_invalid_bytes(tokenizer.piece(id, true)),
                       .bytes = tokenizer.piece(id, false),
                       .logprob = std::isfinite(value) ? static_cast<double>(value) : kLowest,
                       .token = id};
  };
  TokenChance drawn = one(token, logprob);
  TokenLogprob out{
      .text = std::move(drawn.text), .bytes = std::move(drawn.bytes), .logprob = drawn.logprob, .token = drawn.token};
  if (top == nullptr) return out;
  out.top.reserve(top->size());
  for (const engine::sampling::TokenChance& other : *top) out.top.push_back(one(other.token, other.logprob));
  return out;
}

std::vector<TokenLogprob> PromptText::next(std::size_t n_most) {
  std::vector<TokenLogprob> out;
  for (; out.size() < n_most && n_told_ < prompt_.size(); ++n_told_) {
    const engine::sampling::TokenScore& score = scores_[n_told_];
    const std::string text = detokenizer_.append(prompt_[n_told_]);
    out.push_back(describe_token(tokenizer_, prompt_[n_told_], score.logprob, &score.top));
    out.back().rank = score.rank;
    out.back().text_offset = n_characters_ + (detokenizer_.gave_up_pending() ? 1 : 0);
    n_characters_ += engine::count_characters(text);
  }
  return out;
}

}  // namespace quern::models
