// Which tokens of a vocabulary may come next. Threads: const data.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <vector>

namespace quern::engine::grammar {

struct TokenMask {
  std::vector<std::uint64_t> bits;  // [n_vocab / 64, rounded up]
  std::uint32_t n_allowed = 0;
  std::vector<TokenId> few;  // where they are at most kFew: all of them, in order

  static constexpr std::uint32_t kFew = 512;
  bool allows(TokenId id) const noexcept {
    const auto i = static_cast<std::size_t>(id);
    return i / 64 < bits.size() && ((bits[i / 64] >> (i % 64)) & 1) != 0;
  }
};

}  // namespace quern::engine::grammar
