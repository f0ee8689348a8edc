// Memory of KV pages that comes and goes: an arena has room for all its pages, but only as many as are backed have
// memory in the byte ledger; the rest is withheld from the pool. More are backed in extents where sequences need them,
// and given back where others need the bytes more. At least the floor stays: what one sequence of the whole context
// takes, so that nobody who is alone can lack pages.
// Threads: grow() and shrink() are the engine thread's; ask_back() any. Ownership: refers to pool and arena.
// Errors: none; what cannot be had is not given.
#pragma once

#include "kv/page_arena.hpp"
#include "kv/page_pool.hpp"

#include <atomic>
#include <cstdint>
#include <functional>

namespace quern::kv {

class ElasticPages {
 public:
  static constexpr std::uint64_t kExtentBytes = std::uint64_t{16} << 20;

  // Pages beyond the arena's n_backed() are withheld from the pool. REQUIRES: the pool has all pages of the arena.
  ElasticPages(PagePool& pool, PageArena& arena);

  std::uint32_t n_floor() const noexcept { return n_floor_; }
  bool elastic() const noexcept { return n_floor_ < pool_.n_pages(); }

  // So that n pages can be promised, if memory can be had. needed: somebody waits for them, or would have to leave
  // without; else they would only spare what is kept for later, and most of the budget is for that at most.
  void grow_to_promise(std::uint32_t n, bool needed) noexcept;

  // From any thread: how much should be given back. The engine does it before its next step.
  void ask_back(std::uint64_t bytes) noexcept { asked_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  // What was asked for, as far as pages are not promised: kept ones go, the least recently used first.
  void shrink_as_asked() noexcept;

  // Bytes that somebody needed and could not get: called by the engine thread, must not wait.
  std::function<void(std::uint64_t bytes)> on_short;

 private:
  bool back(std::uint32_t n_pages) noexcept;
  void drop_free() noexcept;

  PagePool& pool_;
  PageArena& arena_;
  const std::uint32_t n_floor_;
  const std::uint32_t n_extent_;  // pages
  std::atomic<std::uint64_t> asked_bytes_{0};
};

}  // namespace quern::kv
