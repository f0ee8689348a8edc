#include "models/local/text_assembler.hpp"

#include "engine/tokenizer/utf8.hpp"
#include "models/local/token_text.hpp"

#include <algorithm>
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
  characters_in_ += engine::count_characters(text);
  std::string certain = filter_.append(text);
  bytes_out_ += certain.size();
  return certain;
}

std::string TextAssembler::append(engine::TokenId token, float logprob, const engine::sampling::TopTokens* top) {
  if (stopped()) return {};
  ++n_tokens_;
  std::string text = detokenizer_.append(token, std::ranges::find(shown_, token) != shown_.end());
  if (keep_logprobs_) {
    const bool behind = detokenizer_.gave_up_pending();
    TokenLogprob value = describe_token(tokenizer_, token, logprob, top);
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
