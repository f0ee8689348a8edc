#include "kv/page_table.hpp"

#include "base/assert.hpp"

#include <bit>
#include <utility>

namespace quern::kv {

PageTable::PageTable(std::uint32_t page_tokens, std::uint32_t max_pages)
    : shift_(static_cast<std::uint32_t>(std::countr_zero(page_tokens))) {
  QUERN_ASSERT(std::has_single_bit(page_tokens));
  pages_.reserve(max_pages);
}

PageTable::PageTable(PageTable&& other) noexcept : pages_(std::exchange(other.pages_, {})), shift_(other.shift_) {}

PageTable& PageTable::operator=(PageTable&& other) noexcept {
  std::swap(pages_, other.pages_);
  std::swap(shift_, other.shift_);
  return *this;
}

PageTable::~PageTable() {
  QUERN_ASSERT(pages_.empty());
}

void PageTable::adopt(PageId page, PagePool& pool) noexcept {
  QUERN_ASSERT(pages_.size() < pages_.capacity());
  pool.add_ref(page);
  pages_.push_back(page);
}

std::uint32_t PageTable::pages_missing(std::uint32_t n_tokens) const noexcept {
  const std::uint32_t want = pages_for(n_tokens, page_tokens());
  const auto have = static_cast<std::uint32_t>(pages_.size());
  return want > have ? want - have : 0;
}

std::uint32_t PageTable::ensure(std::uint32_t n_tokens, PagePool& pool) noexcept {
  const std::uint32_t n_new = pages_missing(n_tokens);
  QUERN_ASSERT(pages_.size() + n_new <= pages_.capacity());
  for (std::uint32_t i = 0; i < n_new; ++i) pages_.push_back(pool.allocate());
  return n_new;
}

std::uint32_t PageTable::slot(std::uint32_t position) const noexcept {
  QUERN_ASSERT(position < capacity_tokens());
  return (pages_[position >> shift_] << shift_) + (position & (page_tokens() - 1));
}

void PageTable::release(PagePool& pool, bool keep) noexcept {
  release_if(pool, [keep](PageId) { return keep; });
}

}  // namespace quern::kv
