// Token -> number, for counting tokens of a history: open addressing, entries in a contiguous list in order of arrival.
// Threads: one. Allocates only while it grows; limits: 2^31 entries.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine::sampling {

class TokenTable {
 public:
  struct Entry {
    TokenId token;
    std::uint32_t value;  // 0: not there any more; the entry goes when the table is rebuilt
  };

  std::uint32_t& operator[](TokenId token);  // a new entry starts at 0
  std::uint32_t value(TokenId token) const noexcept;
  std::span<const Entry> entries() const noexcept { return entries_; }
  void clear() noexcept;  // keeps the memory

 private:
  std::size_t slot_of(TokenId token) const noexcept;  // its slot, or the free one where it belongs
  void rebuild();

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // index into entries_ plus 1, 0: free; a power of two, at most half used
};

}  // namespace quern::engine::sampling
