// A hash table from a pair of 32-bit ids to a 32-bit rank and id: the merges of a BPE vocabulary, the edges of a trie.
// Open addressing, linear probing, at most 3/4 full; 16 bytes a slot, because a lookup is one cache miss and encoding
// is made of lookups. The first insertion of a pair wins. Threads: const after the last insert.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quern::engine {

class PairTable {
 public:
  static constexpr std::uint32_t kAbsent = 0xFFFFFFFFu;
  struct Value {
    std::uint32_t rank = kAbsent;
    std::uint32_t id = kAbsent;  // kAbsent: the pair is not in the table
  };

  explicit PairTable(std::size_t expected_pairs = 0)
      : slots_(std::bit_ceil(std::max<std::size_t>(16, expected_pairs + expected_pairs / 3 + 2))) {}

  bool insert(std::uint32_t left, std::uint32_t right, Value value) {  // false: the pair was there before and stays
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    Slot& slot = slots_[slot_of(left, right)];
    if (slot.value.id != kAbsent) return false;
    slot = {left, right, value};
    ++size_;
    return true;
  }

  Value find(std::uint32_t left, std::uint32_t right) const noexcept { return slots_[slot_of(left, right)].value; }
  std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    std::uint32_t left = 0, right = 0;
    Value value;
  };

  std::size_t slot_of(std::uint32_t left, std::uint32_t right) const noexcept {
    const std::uint64_t key = (std::uint64_t{left} << 32) | right;
    const std::uint64_t mixed =
        (key ^ (key >> 29)) * 0x9E3779B97F4A7C15u;  // 2^64 / golden ratio; the top bits are good
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(mixed >> 32) & mask;
    while (slots_[at].value.id != kAbsent && (slots_[at].left != left || slots_[at].right != right))
      at = (at + 1) & mask;
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.value.id != kAbsent) slots_[slot_of(slot.left, slot.right)] = slot;
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace quern::engine
