// Tokens of one generated sequence -> the text its client sees: UTF-8 (Detokenizer), stop strings (StopFilter), and the
// log-probabilities of the tokens that made up the text already given out. Threads: one. Refers to the tokenizer.
#pragma once

#include "engine/sampling/top_tokens.hpp"
#include "engine/tokenizer/detokenizer.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "models/answer_event.hpp"
#include "models/local/stop_filter.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace quern::models {

class TextAssembler {
 public:
  // shown: control tokens whose text is part of the text.
  TextAssembler(const engine::Tokenizer& tokenizer, std::vector<std::string> stops, bool keep_logprobs = false,
                std::vector<engine::TokenId> shown = {});

  // Text that is certain after this token; may be empty. After stopped(): nothing more.
  std::string append(engine::TokenId token, float logprob = 0, const engine::sampling::TopTokens* top = nullptr);
  // The sequence has ended by itself: the text held back.
  std::string finish();

  bool stopped() const noexcept { return filter_.stopped(); }
  std::size_t found_stop() const noexcept { return filter_.found(); }  // its index. REQUIRES: stopped()
  std::size_t n_tokens() const noexcept { return n_tokens_; }          // up to the one that completed a stop string

  // Of the tokens whose text has begun to be given out, each once. Tokens inside a stop string never appear.
  std::vector<TokenLogprob> take_logprobs();

 private:
  struct Waiting {
    TokenLogprob value;
    std::size_t begin;  // bytes of the whole text before that character
  };

  std::string pass(std::string text);

  const engine::Tokenizer& tokenizer_;
  engine::Detokenizer detokenizer_;
  StopFilter filter_;
  const bool keep_logprobs_;
  const std::vector<engine::TokenId> shown_;
  bool finished_ = false;
  std::size_t n_tokens_ = 0;
  std::size_t bytes_in_ = 0, characters_in_ = 0, bytes_out_ = 0;
  std::vector<Waiting> waiting_;
};

}  // namespace quern::models
