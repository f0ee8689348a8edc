// Tokens of one answer -> text that may be printed: whole UTF-8 characters, cut before the first stop string. Text that
// could still become a stop string is held back. Threads: one.
#pragma once

#include "engine/tokenizer/detokenizer.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::app {

class AnswerText {
 public:
  AnswerText(engine::Detokenizer detokenizer, std::vector<std::string> stops)
      : detokenizer_(std::move(detokenizer)), stops_(std::move(stops)) {}

  std::string append(engine::TokenId token) { return release(detokenizer_.append(token)); }
  std::string finish();                               // what was held back, once no more tokens come
  bool stopped() const noexcept { return stopped_; }  // a stop string was found; nothing is released any more

 private:
  std::string release(std::string_view text);

  engine::Detokenizer detokenizer_;
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

// How many bytes at the end of text are a proper beginning of stop.
std::size_t overlap(std::string_view text, std::string_view stop) noexcept;

}  // namespace quern::app
