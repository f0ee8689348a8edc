// What a sequence has seen so far, for penalties and DRY: its tokens, how often each occurs in the last `window` of
// them, and how often in the completion, which is what was drawn: the prompt does not count there.
// Threads: one. Memory: 4 bytes per token plus 16 per distinct token of each count; grows with the history.
#pragma once

#include "engine/sampling/token_table.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine::sampling {

class History {
 public:
  // window: tokens that recent() covers, prompt and completion; 0: none, -1: all.
  explicit History(std::int32_t window) : window_(window) {}

  void accept_prompt(std::span<const TokenId> tokens);                  // once, before the first accept()
  void accept(TokenId token);                                           // one that was drawn
  std::span<const TokenId> tokens() const noexcept { return tokens_; }  // oldest first, the prompt's too
  const TokenTable& recent() const noexcept { return recent_; }
  const TokenTable& drawn() const noexcept { return drawn_; }

 private:
  std::int32_t window_;
  std::vector<TokenId> tokens_;
  TokenTable recent_, drawn_;
};

}  // namespace quern::engine::sampling
