// The check that no sequence reads what another one computed for itself: which history (salt and tokens) each slot of
// the KV cache was written for is noted, and every slot that a step is about to read is compared with the history of
// the sequence that reads it. For audit builds (all without NDEBUG) and tests: it walks whole contexts at every step.
// Threads: engine thread.
#pragma once

#include "base/result.hpp"
#include "kv/page_pool.hpp"
#include "sched/sequence.hpp"

#include <cstdint>
#include <vector>

namespace quern::sched {

class PageAudit {
 public:
  PageAudit(const kv::PagePool& pool, std::uint32_t page_tokens);

  // Before a step that computes the next n_tokens positions of the sequence: the ones before them must hold its own
  // history, the pages must be owned, and those that will be written by nobody else. Notes what is written.
  // Errors: corrupt, naming the request, the position and the page.
  Status check_step(const Sequence& sequence, std::uint32_t n_tokens);
  void copied(kv::PageId from, kv::PageId to) noexcept;
  void freed(kv::PageId page) noexcept;

 private:
  const kv::PagePool& pool_;
  const std::uint32_t page_tokens_;
  std::vector<std::uint64_t> history_;  // [n_pages, page_tokens] key of the tokens up to this slot's; 0: nothing here
};

}  // namespace quern::sched
