#include "models/local/text_assembler.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace quern::models {

TextAssembler::TextAssembler(const engine::Tokenizer& tokenizer, std::vector<std::string> stops, bool keep_logprobs,
                             std::vector<engine::TokenId> shown)
    : tokenizer_(tokenizer),
      detokenizer_(tokenizer),
      filter_(std::move(stops)),
      keep_logprobs_(keep_logprobs),
      shown_(std::move(shown)) {}

std::string TextAssembler::pass(std::string text) {
  bytes_in_ += text.size();
  characters_in_ += static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
  std::string certain = filter_.append(text);
  bytes_out_ += certain.size();
  return certain;
}

TokenLogprob TextAssembler::describe(engine::TokenId token, float logprob,
                                     const engine::sampling::TopTokens* top) const {
  constexpr double kLowest = -9999;  // JSON knows no infinities: what other servers send
  const auto one = [&](engine::TokenId id, float value) {
    return TokenChance{.text = engine::replace_invalid_bytes(tokenizer_.piece(id, true)),
                       .bytes = tokenizer_.piece(id, false),
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

std::string TextAssembler::append(engine::TokenId token, float logprob, const engine::sampling::TopTokens* top) {
  if (stopped()) return {};
  ++n_tokens_;
  std::string text = detokenizer_.append(token, std::ranges::find(shown_, token) != shown_.end());
  if (keep_logprobs_) {
    const bool behind = detokenizer_.gave_up_pending();
    TokenLogprob value = describe(token, logprob, top);
    value.text_offset = characters_in_ + (behind ? 1 : 0);
    waiting_.push_back({std::move(value), bytes_in_ + (behind ? engine::kReplacementCharacter.size() : 0)});
  }
  return pass(std::move(text));
}

std::string TextAssembler::finish() {
  if (stopped()) return {};
  std::string text = pass(detokenizer_.flush());
  finished_ = !stopped();
  text += filter_.flush();
  return text;
}

std::vector<TokenLogprob> TextAssembler::take_logprobs() {
  std::vector<TokenLogprob> out;
  std::size_t n_taken = 0;
  while (n_taken < waiting_.size() && (finished_ || waiting_[n_taken].begin < bytes_out_)) {
    out.push_back(std::move(waiting_[n_taken++].value));
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n_taken));
  return out;
}

}  // namespace quern::models
