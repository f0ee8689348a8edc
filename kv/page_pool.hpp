// Ownership of KV pages: ids, reference counts, the free list, reservations, and eviction of pages that nobody
// references but that are kept because they may be useful again (prefix reuse).
// A page is free (no owner), referenced (count >= 1) or retained (count 0, content kept, least recently used goes
// first). Pages without memory are withheld: neither. Invariants: free + retained + referenced + withheld == n_pages;
// reserved <= free + retained, so a promise can always be kept. Threads: engine thread only; the counters at the end
// may be read by any thread. All operations O(1) but withhold(), no allocation after construction. Misuse is a bug of
// ours and asserts.
#pragma once

#include "kv/kv_config.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace quern::kv {

class PagePool {
 public:
  explicit PagePool(std::uint32_t n_pages);

  // Promises n pages to a sequence that does not own them yet, so that it can never run out half-way.
  // false: that many are not to be had; nothing changed.
  bool reserve(std::uint32_t n) noexcept;
  void unreserve(std::uint32_t n) noexcept;

  // A page with reference count 1, taken from the free list, else by evicting the least recently used retained page
  // (on_evict is told first). REQUIRES: a reservation of the caller's (cannot fail then), which it uses up.
  PageId allocate() noexcept;

  // One more reference. A retained page is revived, which takes it away from what can be promised; REQUIRES then:
  // n_available() > 0. A sequence that reserved for its whole length calls unreserve(1) just before, as this page is
  // one that it no longer needs to allocate.
  void add_ref(PageId page) noexcept;
  // Drops one reference. At zero the page becomes free, or retained (as the most recently used) when keep is true.
  void release(PageId page, bool keep = false) noexcept;
  // A retained page becomes free: its content is of no use any more.
  void discard(PageId page) noexcept;

  // Takes n pages out of use: free ones, and as many retained ones as it takes (on_evict is told). REQUIRES: n <=
  // n_available().
  void withhold(std::uint32_t n) noexcept;
  void offer(std::uint32_t n) noexcept;      // so many of them are free again. REQUIRES: n <= n_withheld()
  bool is_free(PageId page) const noexcept;  // or withheld: nobody's content

  // The least recently used one. REQUIRES: n_retained() > 0.
  PageId oldest_retained() const noexcept { return lru_head_; }

  std::uint32_t ref_count(PageId page) const noexcept;
  bool retained(PageId page) const noexcept;

  // May call discard() for other pages, but nothing else of this class that changes it.
  // In on_evict the page already belongs to the caller of allocate(): it is neither retained nor free.
  std::function<void(PageId)> on_evict;  // a retained page is about to be reused
  std::function<void(PageId)> on_free;   // a page became free (poisoning in debug builds)

  // Snapshots for any thread; each is exact, but two read one after the other may be of different moments.
  std::uint32_t n_pages() const noexcept { return n_pages_; }
  std::uint32_t n_free() const noexcept { return n_free_.load(std::memory_order_relaxed); }
  std::uint32_t n_retained() const noexcept { return n_retained_.load(std::memory_order_relaxed); }
  std::uint32_t n_reserved() const noexcept { return n_reserved_.load(std::memory_order_relaxed); }
  std::uint32_t n_referenced() const noexcept { return n_referenced_.load(std::memory_order_relaxed); }
  std::uint32_t n_withheld() const noexcept { return n_withheld_.load(std::memory_order_relaxed); }
  // Pages that reserve() could still promise. Engine thread only.
  std::uint32_t n_available() const noexcept { return n_free() + n_retained() - n_reserved(); }

 private:
  enum class State : std::uint8_t { free, referenced, retained };
  struct Entry {
    std::uint32_t refs = 0;
    PageId prev = kNoPage, next = kNoPage;  // free list uses next; the retained LRU list uses both
    State state = State::free;
  };
  using Counter = std::atomic<std::uint32_t>;

  Entry& entry(PageId page) noexcept;
  void push_free(PageId page) noexcept;
  PageId pop_free() noexcept;
  PageId take_oldest() noexcept;             // retained: it belongs to the caller, and on_evict has been told
  void push_retained(PageId page) noexcept;  // at the most recently used end
  void unlink_retained(PageId page) noexcept;

  std::uint32_t n_pages_;
  std::vector<Entry> entries_;
  PageId free_head_ = kNoPage, lru_head_ = kNoPage, lru_tail_ = kNoPage;
  Counter n_free_{0}, n_retained_{0}, n_reserved_{0}, n_referenced_{0}, n_withheld_{0};
};

}  // namespace quern::kv
