// Finds the special tokens in a text: leftmost first, of several at one place the longest. A trie over their texts; one
// pass, so that thousands of special tokens cost no more than one.
// Threads: const after construction. User-defined tokens are always found, control and unknown ones only on request.
#pragma once

#include "engine/tokenizer/pair_table.hpp"
#include "engine/tokenizer/special_tokens.hpp"
#include "engine/tokenizer/vocabulary.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace quern::engine {

class SpecialSplitter {
 public:
  struct Found {
    TokenId id = kNoToken;  // kNoToken: none
    std::size_t begin = 0, end = 0;
  };

  // The trie takes some 30 bytes for a byte of text. Errors: unsupported, with the bytes found and kMaxTextBytes.
  static constexpr std::size_t kMaxTextBytes = 16u << 20;
  static Status check(const Vocabulary& vocabulary);

  // strip: [n_vocab] or empty. user_defined: such tokens are found, and not left to the model. The vocabulary must have
  // passed check().
  SpecialSplitter(const Vocabulary& vocabulary, std::vector<Strip> strip, bool user_defined = true);

  // Calls on_text(std::string_view) for each stretch of ordinary text, never empty, and on_token(TokenId) for each
  // special token, in order. White space that a token strips is reported to nobody.
  template <class OnText, class OnToken>
  void split(std::string_view text, bool parse_special, const OnText& on_text, const OnToken& on_token) const {
    std::size_t at = 0;
    for (Found found = next(text, at, parse_special); found.id != kNoToken; found = next(text, at, parse_special)) {
      std::size_t text_end = found.begin;
      if (strips(found.id, Strip::left))
        while (text_end > at && is_blank(text[text_end - 1])) --text_end;
      if (text_end > at) on_text(text.substr(at, text_end - at));
      on_token(found.id);
      at = found.end;
      if (strips(found.id, Strip::right))
        while (at < text.size() && is_blank(text[at])) ++at;
    }
    if (at < text.size()) on_text(text.substr(at));
  }

 private:
  static bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
  bool strips(TokenId id, Strip side) const noexcept {
    if (strip_.empty()) return false;
    return (static_cast<unsigned>(strip_[static_cast<std::size_t>(id)]) & static_cast<unsigned>(side)) != 0;
  }
  Found next(std::string_view text, std::size_t from, bool parse_special) const noexcept;
  Found longest_at(std::string_view text, std::size_t begin, bool parse_special) const noexcept;
  void add(std::string_view text, TokenId id, bool always);

  struct Node {
    TokenId id = kNoToken;  // the token that ends here
    bool always = false;    // found without parse_special
  };
  std::vector<Node> nodes_;                // nodes_[0] is the root
  PairTable edges_;                        // (node, byte) -> node
  std::array<bool, 256> starts_any_{};     // bytes that begin a special token
  std::array<bool, 256> starts_always_{};  // the same without control tokens
  std::vector<Strip> strip_;
};

}  // namespace quern::engine
