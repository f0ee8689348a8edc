// Finds pages that already hold the keys and values of a sequence's beginning. A full page is known by its tokens and
// by the page before it (its parent); the first page by a salt, so that tenants who ask for it share nothing. The hash
// only finds candidates: tokens and parent are compared, so a page of other tokens is never handed out.
// Pages may be shared while their owners still run. What nobody references stays retained in the pool, least recently
// used first to go, and is forgotten here when it goes (PagePool::on_evict). A part of a page can be reused by copying
// it (find_partial): who continues differently behind it writes to the copy.
// Threads: engine thread only; the counters may be read by any. No allocation after construction.
// Source: the chained page hash is that of vLLM's automatic prefix caching (design document).
#pragma once

#include "kv/kv_config.hpp"
#include "kv/page_pool.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace quern::kv {

using Token = std::int32_t;

// Identifies a chain of pages up to and including one, or (from salt_key) the empty one. Never reused.
using ChainKey = std::uint64_t;

// The empty chain of a salt. Salts of different texts get different keys (64 bits of a hash with a seed that this
// process drew at its start, so that nobody can look for two that collide).
ChainKey salt_key(std::string_view salt) noexcept;

class PrefixCache {
 public:
  // The pool must outlive the cache; its on_evict belongs to the cache from now on.
  PrefixCache(PagePool& pool, std::uint32_t page_tokens);
  PrefixCache(const PrefixCache&) = delete;

  static std::uint64_t bytes(std::uint32_t n_pages, std::uint32_t page_tokens) noexcept;

  struct Found {
    PageId page = kNoPage;  // kNoPage: not there
    ChainKey key = 0;       // of the chain with this page
  };
  // The page that holds exactly these tokens behind `parent`. tokens: page_tokens of them.
  Found find(ChainKey parent, std::span<const Token> tokens) const noexcept;

  struct Partial {
    PageId page = kNoPage;
    std::uint32_t n_tokens = 0;  // that agree
  };
  // The page behind `parent` that begins with most of these tokens.
  Partial find_partial(ChainKey parent, std::span<const Token> tokens) const noexcept;

  // A page whose tokens are all computed. Returns the key of its chain; where another page holds the same, that page's
  // key, and this one is not listed. REQUIRES: page is referenced and not listed.
  ChainKey insert(PageId page, ChainKey parent, std::span<const Token> tokens) noexcept;

  bool contains(PageId page) const noexcept { return nodes_[page].key != 0; }
  void forget(PageId page) noexcept;
  // Lets the least recently used pages go until at most so many are retained.
  void trim(std::uint32_t max_retained) noexcept;

  std::function<void(PageId)> on_forget;  // nobody can find this page any more

  std::uint64_t n_listed() const noexcept { return n_listed_.load(std::memory_order_relaxed); }
  std::uint64_t n_evicted() const noexcept { return n_evicted_.load(std::memory_order_relaxed); }

 private:
  struct Node {
    ChainKey key = 0;  // 0: not listed
    ChainKey parent = 0;
    std::uint64_t hash = 0;                           // of parent and tokens
    PageId next = kNoPage, next_of_parent = kNoPage;  // in the buckets of hash and of parent
  };
  std::span<const Token> tokens_of(PageId page) const noexcept {
    return std::span(tokens_).subspan(std::size_t{page} * page_tokens_, page_tokens_);
  }
  PageId& bucket(std::uint64_t hash) noexcept { return by_hash_[hash & mask_]; }
  PageId& bucket_of_parent(ChainKey parent) noexcept;

  PagePool& pool_;
  const std::uint32_t page_tokens_;
  std::uint64_t mask_;
  std::vector<Node> nodes_;                  // [n_pages]
  std::vector<Token> tokens_;                // [n_pages, page_tokens]
  std::vector<PageId> by_hash_, by_parent_;  // heads of chains
  ChainKey last_key_ = 0;
  std::atomic<std::uint64_t> n_listed_{0}, n_evicted_{0};
};

}  // namespace quern::kv
