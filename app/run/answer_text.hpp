// Tokens of one answer -> text that may be printed: whole UTF-8 characters, cut at the first stop string. What may
// still become one is held back. Threads: one. Refers to the tokenizer.
#pragma once

#include "engine/tokenizer/detokenizer.hpp"
#include "models/local/stop_filter.hpp"

#include <string>
#include <utility>
#include <vector>

namespace quern::app {

class AnswerText {
 public:
  AnswerText(engine::Detokenizer detokenizer, std::vector<std::string> stops)
      : detokenizer_(std::move(detokenizer)), filter_(std::move(stops)) {}

  std::string append(engine::TokenId token) { return filter_.append(detokenizer_.append(token)); }
  std::string finish() {  // what was held back, once no more tokens come
    std::string out = filter_.append(detokenizer_.flush());
    return out + filter_.flush();
  }
  bool stopped() const noexcept { return filter_.stopped(); }  // a stop string was found: no more text

 private:
  engine::Detokenizer detokenizer_;
  models::StopFilter filter_;
};

}  // namespace quern::app
