// What a sequence has seen so far, for penalties and DRY: its tokens, and how often each occurs in the last `window`.
// Threads: one. Memory: 4 bytes per token plus 16 per distinct token of the window; grows with the history.
#pragma once

#include "engine/sampling/token_table.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine::sampling {

class History {
 public:
  // window: tokens that counts() covers; 0: none, -1: all.
  explicit History(std::int32_t window) : window_(window) {}

  void accept(TokenId token);
  std::span<const TokenId> tokens() const noexcept { return tokens_; }  // oldest first
  const TokenTable& counts() const noexcept { return counts_; }

 private:
  std::int32_t window_;
  std::vector<TokenId> tokens_;
  TokenTable counts_;
};

}  // namespace quern::engine::sampling
