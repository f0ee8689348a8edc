#include "sched/page_audit.hpp"

#include "kv/prefix_cache.hpp"

#include <algorithm>

namespace quern::sched {
namespace {

// Odd multiplications and shifts: two histories share a key with a chance of 2^-64. Never 0.
// Source: the finalizer of MurmurHash3 (public domain).
std::uint64_t next_key(std::uint64_t key, engine::TokenId token) noexcept {
  key = (key ^ static_cast<std::uint32_t>(token)) * 0xff51afd7ed558ccdu;
  key = (key ^ (key >> 33)) * 0xc4ceb9fe1a85ec53u;
  return (key ^ (key >> 33)) | 1;
}

}  // namespace

PageAudit::PageAudit(const kv::PagePool& pool, std::uint32_t page_tokens)
    : pool_(pool), page_tokens_(page_tokens), history_(std::size_t{pool.n_pages()} * page_tokens) {}

Status PageAudit::check_step(const Sequence& sequence, std::uint32_t n_tokens) {
  const std::uint32_t n_computed = sequence.n_computed();
  std::uint64_t key = kv::salt_key(sequence.request().cache_salt);
  for (std::uint32_t position = 0; position < n_computed + n_tokens; ++position) {
    key = next_key(key, sequence.tokens()[position]);
    const std::uint32_t slot = sequence.kv_slot(position);
    const kv::PageId page = slot / page_tokens_;
    const auto broken = [&](const char* what) {
      return fail(Errc::corrupt, "page audit: request {}, position {}, page {}: {}", sequence.generation().id, position,
                  page, what);
    };
    const std::uint32_t n_owners = pool_.ref_count(page);
    if (n_owners == 0) return broken("nobody owns the page");
    if (position < n_computed) {
      if (history_[slot] != key) return broken("holds keys and values of other tokens");
    } else {
      if (n_owners > 1) return broken("would be written although it is shared");
      history_[slot] = key;
    }
  }
  return {};
}

void PageAudit::copied(kv::PageId from, kv::PageId to) noexcept {
  const auto begin = history_.begin() + static_cast<std::ptrdiff_t>(std::size_t{from} * page_tokens_);
  std::copy_n(begin, page_tokens_, history_.begin() + static_cast<std::ptrdiff_t>(std::size_t{to} * page_tokens_));
}

void PageAudit::freed(kv::PageId page) noexcept {
  std::fill_n(history_.begin() + static_cast<std::ptrdiff_t>(std::size_t{page} * page_tokens_), page_tokens_, 0);
}

}  // namespace quern::sched
