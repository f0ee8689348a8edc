// The pages of one sequence, in order of position: page i holds positions [i * page_tokens, (i + 1) * page_tokens).
// Threads: engine thread only. Ownership: each listed page holds one reference in the pool, given back by release().
// Limits: capacity is fixed at construction, so that no step allocates.
#pragma once

#include "kv/kv_config.hpp"
#include "kv/page_pool.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::kv {

class PageTable {
 public:
  // page_tokens: a power of two. max_pages: what a sequence of the longest allowed context needs.
  PageTable(std::uint32_t page_tokens, std::uint32_t max_pages);
  PageTable(PageTable&& other) noexcept;
  PageTable& operator=(PageTable&& other) noexcept;
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;
  ~PageTable();  // asserts that release() was called: pages must not leak

  // Appends a page whose content is already right (a prefix hit), and takes a reference to it.
  // REQUIRES: see PagePool::add_ref(). Only before positions behind it are used.
  void adopt(PageId page, PagePool& pool) noexcept;

  // Allocates until positions [0, n_tokens) have a page. Returns how many pages that took from the caller's
  // reservation.
  std::uint32_t ensure(std::uint32_t n_tokens, PagePool& pool) noexcept;
  // How many pages ensure(n_tokens) would take.
  std::uint32_t pages_missing(std::uint32_t n_tokens) const noexcept;

  // Where K and V of a position are: page * page_tokens + offset. REQUIRES: position < capacity_tokens().
  std::uint32_t slot(std::uint32_t position) const noexcept;

  std::span<const PageId> pages() const noexcept { return pages_; }
  std::uint32_t page_tokens() const noexcept { return 1u << shift_; }
  std::uint64_t capacity_tokens() const noexcept { return std::uint64_t{pages_.size()} << shift_; }

  // Gives all references back; the table is empty then. keep: pages that nobody else references are retained, and the
  // last page counts as least recently used: without the pages before it, it could not be reused anyway.
  void release(PagePool& pool, bool keep = false) noexcept;
  // The same, keeping the pages for which keep(page) is true: those that can be found again by their tokens.
  template <class Keep>
  void release_if(PagePool& pool, Keep keep) noexcept {
    for (std::size_t i = pages_.size(); i > 0; --i) pool.release(pages_[i - 1], keep(pages_[i - 1]));
    pages_.clear();
  }

 private:
  std::vector<PageId> pages_;
  std::uint32_t shift_;  // log2(page_tokens)
};

}  // namespace quern::kv
