#include "kv/page_pool.hpp"

#include "base/assert.hpp"

namespace quern::kv {
namespace {

// Only the engine thread writes, so a load and a store do; other threads see whole values.
void add(std::atomic<std::uint32_t>& counter, std::uint32_t by) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}
void subtract(std::atomic<std::uint32_t>& counter, std::uint32_t by) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) - by, std::memory_order_relaxed);
}

}  // namespace

PagePool::PagePool(std::uint32_t n_pages) : n_pages_(n_pages), entries_(n_pages) {
  QUERN_ASSERT(n_pages != kNoPage);
  for (PageId page = n_pages; page > 0; --page) push_free(page - 1);  // page 0 is handed out first
}

bool PagePool::reserve(std::uint32_t n) noexcept {
  if (n > n_available()) return false;
  add(n_reserved_, n);
  return true;
}

void PagePool::unreserve(std::uint32_t n) noexcept {
  QUERN_ASSERT(n <= n_reserved());
  subtract(n_reserved_, n);
}

PageId PagePool::allocate() noexcept {
  unreserve(1);  // asserts that there was a reservation, and by the invariant that there is a page
  if (n_free() == 0) return take_oldest();
  const PageId page = pop_free();
  Entry& e = entry(page);
  e.state = State::referenced;
  e.refs = 1;
  add(n_referenced_, 1);
  return page;
}

PageId PagePool::take_oldest() noexcept {
  const PageId page = lru_head_;
  unlink_retained(page);
  Entry& e = entry(page);
  e.state = State::referenced;
  e.refs = 1;
  add(n_referenced_, 1);
  if (on_evict) on_evict(page);
  return page;
}

void PagePool::withhold(std::uint32_t n) noexcept {
  QUERN_ASSERT(n <= n_available());
  while (n_free() < n) release(take_oldest());
  subtract(n_free_, n);
  add(n_withheld_, n);
}

void PagePool::offer(std::uint32_t n) noexcept {
  QUERN_ASSERT(n <= n_withheld());
  subtract(n_withheld_, n);
  add(n_free_, n);
}

bool PagePool::is_free(PageId page) const noexcept {
  QUERN_ASSERT(page < n_pages_);
  return entries_[page].state == State::free;
}

void PagePool::add_ref(PageId page) noexcept {
  Entry& e = entry(page);
  QUERN_ASSERT(e.state != State::free);
  if (e.state == State::retained) {
    QUERN_ASSERT(n_available() > 0);
    unlink_retained(page);
    e.state = State::referenced;
    add(n_referenced_, 1);
  }
  ++e.refs;
}

void PagePool::release(PageId page, bool keep) noexcept {
  Entry& e = entry(page);
  QUERN_ASSERT(e.state == State::referenced && e.refs > 0);
  if (--e.refs > 0) return;
  subtract(n_referenced_, 1);
  if (keep) return push_retained(page);
  push_free(page);
  if (on_free) on_free(page);
}

void PagePool::discard(PageId page) noexcept {
  QUERN_ASSERT(entry(page).state == State::retained);
  unlink_retained(page);
  push_free(page);
  if (on_free) on_free(page);
}

std::uint32_t PagePool::ref_count(PageId page) const noexcept {
  QUERN_ASSERT(page < n_pages_);
  return entries_[page].refs;
}

bool PagePool::retained(PageId page) const noexcept {
  QUERN_ASSERT(page < n_pages_);
  return entries_[page].state == State::retained;
}

PagePool::Entry& PagePool::entry(PageId page) noexcept {
  QUERN_ASSERT(page < n_pages_);
  return entries_[page];
}

// Last in, first out: a page that was just used is more likely to be in a cache and in the TLB.
void PagePool::push_free(PageId page) noexcept {
  entries_[page] = {.refs = 0, .prev = kNoPage, .next = free_head_, .state = State::free};
  free_head_ = page;
  add(n_free_, 1);
}

PageId PagePool::pop_free() noexcept {
  const PageId page = free_head_;
  free_head_ = entries_[page].next;
  entries_[page].next = kNoPage;
  subtract(n_free_, 1);
  return page;
}

void PagePool::push_retained(PageId page) noexcept {
  entries_[page] = {.refs = 0, .prev = lru_tail_, .next = kNoPage, .state = State::retained};
  (lru_tail_ == kNoPage ? lru_head_ : entries_[lru_tail_].next) = page;
  lru_tail_ = page;
  add(n_retained_, 1);
}

void PagePool::unlink_retained(PageId page) noexcept {
  Entry& e = entries_[page];
  (e.prev == kNoPage ? lru_head_ : entries_[e.prev].next) = e.next;
  (e.next == kNoPage ? lru_tail_ : entries_[e.next].prev) = e.prev;
  e.prev = e.next = kNoPage;
  subtract(n_retained_, 1);
}

}  // namespace quern::kv
