#include "engine/tokenizer/text_index.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#define XXH_INLINE_ALL
#include "base/assert.hpp"

#include <xxhash.h>

namespace quern::engine {

TextIndex::TextIndex(std::size_t expected_keys)
    : slots_(std::bit_ceil(std::max<std::size_t>(16, expected_keys * 2 + 2))) {}

std::size_t TextIndex::slot_of(std::string_view text) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::size_t>(XXH3_64bits(text.data(), text.size())) & mask;
  while (slots_[at].id != kAbsent && std::string_view(slots_[at].data, slots_[at].size) != text) at = (at + 1) & mask;
  return at;
}

bool TextIndex::insert(std::string_view text, std::uint32_t id) {
  QUERN_ASSERT(id != kAbsent && text.size() <= 0xFFFFFFFFu);
  if ((size_ + 1) * 2 > slots_.size()) grow();
  Slot& slot = slots_[slot_of(text)];
  if (slot.id != kAbsent) return false;
  slot = {text.data(), static_cast<std::uint32_t>(text.size()), id};
  ++size_;
  return true;
}

std::uint32_t TextIndex::find(std::string_view text) const noexcept {
  return slots_[slot_of(text)].id;
}

void TextIndex::grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  for (const Slot& slot : old)
    if (slot.id != kAbsent) slots_[slot_of({slot.data, slot.size})] = slot;
}

}  // namespace quern::engine
