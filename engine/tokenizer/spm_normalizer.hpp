// SentencePiece's normalizer: compiled rules, then blanks. The blanks stay blanks here; the tokenizer escapes them.
// Threads: const. Source: google/sentencepiece normalizer.cc; llama.cpp for what GGUF's flags mean.
#pragma once

#include "engine/tokenizer/chars_map.hpp"
#include "engine/tokenizer/text_normalizer.hpp"
#include "engine/tokenizer/token_trie.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace quern::engine {

struct BlankRules {
  bool add_prefix = false;     // a blank before the first word
  bool merge_blanks = false;   // one blank between words and none elsewhere
  bool prefix_blanks = false;  // a text of blanks only gets the prefix too, unless they merge
};

class SpmNormalizer final : public TextNormalizer {
 public:
  // kept: texts that no rule touches, the longest first (user-defined symbols).
  SpmNormalizer(CharsMap rules, BlankRules blanks, std::span<const TokenTrie::Entry> kept = {})
      : rules_(std::move(rules)), blanks_(blanks), kept_(kept) {}
  Result<std::string> apply(std::string_view text) const override;  // a byte of no character becomes U+FFFD

 private:
  CharsMap rules_;
  BlankRules blanks_;
  TokenTrie kept_;
};

}  // namespace quern::engine
