// SentencePiece's compiled normalizer: rules "this text becomes that text" in a double-array trie, longest rule first.
// The blob is 4 bytes of trie size, the trie's 32-bit units, then replacement texts, each ended by a zero byte.
// Threads: const after creation. Ownership: copies the blob. Limits: kMaxBytes; offsets are checked at every step, so a
// trie that leads nowhere only matches nothing. Source: google/sentencepiece normalizer.cc (layout); Aoe, "An Efficient
// Digital Search Algorithm by Using a Double-Array Structure" (1989).
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

class CharsMap {
 public:
  static constexpr std::size_t kMaxBytes = 64u << 20;

  CharsMap() = default;  // no rules
  // Errors: corrupt, naming `owner`, where sizes do not fit or the last replacement does not end. "" is no rules.
  static Result<CharsMap> create(std::string_view blob, std::string_view owner);

  bool empty() const noexcept { return units_.empty(); }
  struct Match {
    std::size_t size = 0;  // bytes of text that the rule takes; 0: no rule begins here
    std::string_view replacement;
  };
  Match longest(std::string_view text) const noexcept;
  Match shortest(std::string_view text) const noexcept;

 private:
  Match search(std::string_view text, bool first) const noexcept;

  std::vector<std::uint32_t> units_;
  std::string replacements_;  // each ended by a zero byte
};

}  // namespace quern::engine
