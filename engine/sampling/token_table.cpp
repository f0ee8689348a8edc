#include "engine/sampling/token_table.hpp"

#include <algorithm>
#include <bit>

namespace quern::engine::sampling {
namespace {

constexpr std::size_t kMinSlots = 64;

}  // namespace

std::size_t TokenTable::slot_of(TokenId token) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  // Fibonacci hashing: neighbouring ids land far apart.
  std::size_t slot =
      (static_cast<std::uint64_t>(static_cast<std::uint32_t>(token)) * 0x9e3779b97f4a7c15ULL >> 32) & mask;
  while (slots_[slot] != 0 && entries_[slots_[slot] - 1].token != token) slot = (slot + 1) & mask;
  return slot;
}

std::uint32_t& TokenTable::operator[](TokenId token) {
  if (2 * (entries_.size() + 1) > slots_.size()) rebuild();
  const std::size_t slot = slot_of(token);
  if (slots_[slot] == 0) {
    entries_.push_back({token, 0});
    slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  }
  return entries_[slots_[slot] - 1].value;
}

std::uint32_t TokenTable::value(TokenId token) const noexcept {
  if (slots_.empty()) return 0;
  const std::uint32_t index = slots_[slot_of(token)];
  return index == 0 ? 0 : entries_[index - 1].value;
}

void TokenTable::rebuild() {
  std::erase_if(entries_, [](const Entry& entry) { return entry.value == 0; });
  // A quarter used at most, so that the next rebuild is at least as many insertions away as this one costs.
  slots_.assign(std::max(kMinSlots, std::bit_ceil(4 * (entries_.size() + 1))), 0);
  for (std::size_t i = 0; i < entries_.size(); ++i)
    slots_[slot_of(entries_[i].token)] = static_cast<std::uint32_t>(i + 1);
}

void TokenTable::clear() noexcept {
  // Back to the smallest table: wiping the slots of the largest one ever needed would cost more than growing again.
  if (!slots_.empty()) slots_.assign(kMinSlots, 0);
  entries_.clear();
}

}  // namespace quern::engine::sampling
