// Ownership of KV pages: ids, reference counts, the free list, reservations, and eviction of pages that nobody
// references but that are kept because they may be useful again (prefix reuse).
// A page is free (no owner), referenced (count >= 1) or retained (count 0, content kept, least recently used goes first).
// Threads: engine thread only; the counters at the end may be read by any thread. All operations O(1), no allocation
// after construction.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "kv/kv_config.hpp"

namespace quern::kv {

class PagePool {
 public:
  explicit PagePool(std::uint32_t n_pages);

  // Promises n pages to a sequence that does not own them yet, so that it can never run out half-way.
  // false: that many are not to be had; nothing changed. Each allocate() with from_reservation uses one promise.
  bool reserve(std::uint32_t n) noexcept;
  void unreserve(std::uint32_t n) noexcept;

  // A page with reference count 1, taken from the free list, else by evicting the least recently used retained page
  // (on_evict is told first). REQUIRES: a reservation of the caller's (cannot fail then).
  PageId allocate() noexcept;

  void add_ref(PageId page) noexcept;  // revives a retained page
  // Drops one reference. At zero the page becomes free, or retained when keep is true.
  void release(PageId page, bool keep = false) noexcept;

  std::uint32_t ref_count(PageId page) const noexcept;
  bool retained(PageId page) const noexcept;

  std::function<void(PageId)> on_evict;  // a retained page is about to be reused
  std::function<void(PageId)> on_free;   // a page became free (poisoning in debug builds)

  // Snapshots for any thread.
  std::uint32_t n_pages() const noexcept { return n_pages_; }
  std::uint32_t n_free() const noexcept { return n_free_.load(std::memory_order_relaxed); }
  std::uint32_t n_retained() const noexcept { return n_retained_.load(std::memory_order_relaxed); }
  std::uint32_t n_reserved() const noexcept { return n_reserved_.load(std::memory_order_relaxed); }
  std::uint32_t n_referenced() const noexcept { return n_pages_ - n_free() - n_retained(); }

 private:
  struct Entry {
    std::uint32_t refs = 0;
    PageId prev = kNoPage, next = kNoPage;  // free list uses next; the retained LRU list uses both
    bool retained = false;
  };
  std::uint32_t n_pages_;
  std::vector<Entry> entries_;
  PageId free_head_ = kNoPage, lru_head_ = kNoPage, lru_tail_ = kNoPage;
  std::atomic<std::uint32_t> n_free_{0}, n_retained_{0}, n_reserved_{0};
};

}  // namespace quern::kv
