#include "kv/state_checkpoints.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace quern::kv {

StateCheckpoints::StateCheckpoints(PageId first, std::uint32_t n_states, std::uint32_t n_pages)
    : first_(first), owner_(n_states, kNoPage), used_(n_states), state_of_(n_states > 0 ? n_pages : 0) {}

PageId StateCheckpoints::look(PageId page) const noexcept {
  return !enabled() || state_of_[page] == 0 ? kNoPage : first_ + state_of_[page] - 1;
}

PageId StateCheckpoints::find(PageId page) noexcept {
  const PageId state = look(page);
  if (state != kNoPage) used_[state - first_] = ++clock_;
  return state;
}

PageId StateCheckpoints::take(PageId page) noexcept {
  QUERN_ASSERT(enabled());
  if (const PageId there = find(page); there != kNoPage) return there;
  const auto index = static_cast<std::uint32_t>(std::ranges::min_element(used_) - used_.begin());
  if (owner_[index] != kNoPage) state_of_[owner_[index]] = 0;
  owner_[index] = page;
  used_[index] = ++clock_;
  state_of_[page] = index + 1;
  return first_ + index;
}

void StateCheckpoints::drop(PageId page) noexcept {
  if (!enabled() || state_of_[page] == 0) return;
  const std::uint32_t index = state_of_[page] - 1;
  owner_[index] = kNoPage;
  used_[index] = 0;
  state_of_[page] = 0;
}

}  // namespace quern::kv
