// Copies of recurrent state at borders of pages: what a sequence with the same beginning starts from. A checkpoint
// belongs to the page behind whose last token it was taken. Threads: engine thread. No allocation after construction.
#pragma once

#include "kv/kv_config.hpp"

#include <cstdint>
#include <vector>

namespace quern::kv {

class StateCheckpoints {
 public:
  // State pages [first, first + n_states) of the arena; n_pages: of the KV pages. n_states 0: none are kept.
  StateCheckpoints(PageId first, std::uint32_t n_states, std::uint32_t n_pages);

  bool enabled() const noexcept { return !owner_.empty(); }
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(owner_.size()); }  // states at most
  // The state behind this page; kNoPage: there is none.
  PageId look(PageId page) const noexcept;
  PageId find(PageId page) noexcept;  // the same; it counts as used now
  // A state page to copy the state behind this page into: a free one, else that of the least recently used checkpoint.
  // REQUIRES: enabled().
  PageId take(PageId page) noexcept;
  void drop(PageId page) noexcept;  // the page is reused

 private:
  PageId first_;
  std::vector<PageId> owner_;            // [n_states]: a KV page, or kNoPage
  std::vector<std::uint64_t> used_;      // [n_states]: when last, 0: free
  std::vector<std::uint32_t> state_of_;  // [n_pages]: index + 1, 0: none
  std::uint64_t clock_ = 0;
};

}  // namespace quern::kv
