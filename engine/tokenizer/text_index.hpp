// A hash table from text to a 32-bit id: open addressing, linear probing, at most half full. The first insertion of a
// text wins. Ownership: keys are views; their bytes must outlive the index and must not move.
// Threads: const after the last insert. Limits: fewer than 2^31 keys, each shorter than 4 GiB.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace quern::engine {

class TextIndex {
 public:
  static constexpr std::uint32_t kAbsent = 0xFFFFFFFFu;

  explicit TextIndex(std::size_t expected_keys = 0);

  bool insert(std::string_view text, std::uint32_t id);  // false: the text was there before and keeps its id
  std::uint32_t find(std::string_view text) const noexcept;
  // ids[i] = find(texts[i]); the spans are of one size. Lookups in a large index are cache misses: here they overlap.
  void find_many(std::span<const std::string_view> texts, std::span<std::uint32_t> ids) const noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    const char* data = nullptr;
    std::uint32_t size = 0;
    std::uint32_t id = kAbsent;  // kAbsent marks a free slot
  };
  std::size_t first_slot(std::string_view text) const noexcept;
  // Where text is, or the free slot where it belongs, searched from its first slot on.
  std::size_t slot_of(std::string_view text, std::size_t first) const noexcept;
  void grow();

  std::vector<Slot> slots_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace quern::engine
