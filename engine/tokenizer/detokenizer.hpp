// Streaming detokenization of one generated sequence: append() returns the bytes that are certain to be whole UTF-8
// characters; the rest waits for the next token. Invalid UTF-8 becomes U+FFFD, so that output is always valid UTF-8.
// Threads: one. The concatenation of all appends plus flush() does not depend on how the tokens were grouped.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"

#include <string>

namespace quern::engine {

class Detokenizer {
 public:
  // at_start: the text begins with these tokens (a leading blank that SPM added is dropped); false when it continues a
  // prompt.
  explicit Detokenizer(const Tokenizer& tokenizer, bool show_special = false, bool at_start = false)
      : tokenizer_(&tokenizer), show_special_(show_special), at_start_(at_start) {}

  std::string append(TokenId id) { return append(id, show_special_); }
  std::string append(TokenId id, bool show_special);
  std::string flush();  // what is left: an incomplete character becomes U+FFFD
  // Whether the text that append() just returned begins with a U+FFFD for what the tokens before left unfinished: this
  // token's own text begins behind it. Otherwise it begins at the front, or inside the character there.
  bool gave_up_pending() const noexcept { return gave_up_pending_; }

 private:
  const Tokenizer* tokenizer_;
  bool show_special_;
  bool at_start_;
  std::string pending_;  // at most 3 bytes of an unfinished character
  bool gave_up_pending_ = false;
};

}  // namespace quern::engine
