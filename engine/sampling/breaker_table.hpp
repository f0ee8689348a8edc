// DRY's sequence breakers as token sequences: a head token that contains the breaker's text or its beginning, and the
// tokens ("tail") that must follow for the breaker to be complete; no tail where the head contains all of it.
// Threads: const after creation. Source for the mapping: llama.cpp's DRY sampler, after koboldcpp PR 982.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace quern::engine::sampling {

inline constexpr std::size_t kBreakerTailMax = 20;  // tokens; longer tails are cut, as in the reference

class BreakerTable {
 public:
  struct Breaker {
    TokenId head;
    std::vector<TokenId> tail;
  };
  // Any order, duplicates allowed. Heads outside [0, n_vocab) are dropped, tails cut to kBreakerTailMax.
  BreakerTable(std::vector<Breaker> breakers, std::uint32_t n_vocab);

  bool empty() const noexcept { return breakers_.empty(); }
  // Does this token alone break a sequence?
  bool breaks_alone(TokenId token) const noexcept { return test(alone_, token); }
  // Length of the longest tail that follows the head tokens[0]; nullopt: no breaker begins there.
  std::optional<std::size_t> match(std::span<const TokenId> tokens) const noexcept;

 private:
  using Bits = std::vector<std::uint64_t>;
  static bool test(const Bits& bits, TokenId token) noexcept;
  static void set(Bits& bits, TokenId token) noexcept;

  std::vector<Breaker> breakers_;  // by head, longest tail first
  Bits heads_, alone_;             // [n_vocab]: one load answers the usual "no"
};

}  // namespace quern::engine::sampling
