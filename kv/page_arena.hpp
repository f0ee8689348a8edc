// The memory of all KV pages: one mapping, reserved in the byte ledger before it is made, or as far as pages are
// backed: the others must not be touched (kv/elastic_pages.hpp). Threads: the engine thread writes a page's rows,
// compute workers read them inside a step; no locks.
#pragma once

#include "base/byte_ledger.hpp"
#include "base/result.hpp"
#include "kernels/numa_buffer.hpp"
#include "kv/kv_config.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

namespace quern::kv {

class PageArena {
 public:
  // The memory is zero, and spread over the NUMA nodes where there are several: every worker reads it.
  // Errors: bad_input (geometry: zero, not a power of two, size overflow), overloaded (budget), io (no memory).
  // n_backed: pages that are reserved for, at most all.
  static Result<std::unique_ptr<PageArena>> create(const KvConfig& config, const kernels::Topology& topology,
                                                   ByteLedger& ledger, std::uint32_t n_backed = UINT32_MAX);

  const KvConfig& config() const noexcept { return config_; }

  std::uint32_t n_backed() const noexcept { return n_backed_.load(std::memory_order_relaxed); }
  const ByteLedger& ledger() const noexcept { return ledger_; }
  // So many pages. Errors: overloaded, then nothing has changed; fewer never fail.
  Status back(std::uint32_t n_pages);
  void drop(PageId first, std::uint32_t n_pages) noexcept;  // their content is gone, and their memory the system's

  // K or V of page 0 for one layer and KV head; page p is p * page_stride() bytes further.
  std::byte* k_base(std::uint32_t layer, std::uint32_t kv_head) noexcept;
  std::byte* v_base(std::uint32_t layer, std::uint32_t kv_head) noexcept;
  std::size_t page_stride() const noexcept { return config_.page_bytes(); }

  void copy_page(PageId from, PageId to) noexcept;      // K and V of all layers
  std::function<void(PageId from, PageId to)> on_copy;  // for who keeps something of its own for each page

  // What a sequence's state page holds for one recurrent layer: state_values floats.
  float* state(PageId state_page, std::uint32_t state_layer) noexcept;
  void copy_state(PageId from, PageId to) noexcept;

  // Fills a page with signalling NaNs, so that a read of a page nobody owns shows (debug and audit builds).
  void poison(PageId page) noexcept;
  void poison_state(PageId state_page) noexcept;

 private:
  PageArena(const KvConfig& config, kernels::NumaBuffer memory, kernels::NumaBuffer states,
            ByteLedger::Reservation reservation, const ByteLedger& ledger, std::uint32_t n_backed);
  KvConfig config_;
  const ByteLedger& ledger_;
  std::atomic<std::uint32_t> n_backed_;
  ByteLedger::Reservation
      reservation_;  // given back after the memory: members are destroyed from the last to the first
  kernels::NumaBuffer memory_;
  kernels::NumaBuffer states_;  // empty where no layer is recurrent
};

}  // namespace quern::kv
