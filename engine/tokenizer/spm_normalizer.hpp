// SentencePiece's normalizer: compiled rules, then blanks. The blanks stay blanks here; the tokenizer escapes them.
// Threads: const. Source: google/sentencepiece normalizer.cc; llama.cpp for what GGUF's flags mean.
#pragma once

#include "engine/tokenizer/chars_map.hpp"
#include "engine/tokenizer/text_normalizer.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace quern::engine {

struct BlankRules {
  bool add_prefix = false;    // a blank before the first word
  bool merge_blanks = false;  // one blank between words and none elsewhere
};

class SpmNormalizer final : public TextNormalizer {
 public:
  SpmNormalizer(CharsMap rules, BlankRules blanks) : rules_(std::move(rules)), blanks_(blanks) {}
  std::string apply(std::string_view text,
                    bool at_start) const override;  // a byte that belongs to no character becomes U+FFFD

 private:
  CharsMap rules_;
  BlankRules blanks_;
};

}  // namespace quern::engine
