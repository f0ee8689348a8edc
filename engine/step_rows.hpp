// The rows of activations that a step still computes. It begins as all tokens of the plan and shrinks: rows of
// sequences cancelled inside the step go, and after the last attention only rows that need logits stay. Threads: engine
// thread. Capacity is reserved once; nothing here allocates in a step.
#pragma once

#include "engine/backend.hpp"
#include "engine/step_plan.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine {

// One sequence's rows [begin, end): consecutive positions from first_position.
struct SeqRows {
  std::uint32_t begin = 0, end = 0;
  std::uint32_t first_position = 0;
  const kv::PageId* pages = nullptr;
  kv::PageId state_page = kv::kNoPage;
  const std::atomic<bool>* cancelled = nullptr;

  bool is_cancelled() const noexcept { return cancelled != nullptr && cancelled->load(std::memory_order_relaxed); }
};

// A piece of attention work: some query rows of one sequence.
struct AttentionItem {
  std::uint32_t seq, begin, end;
};

class StepRows {
 public:
  static constexpr std::uint32_t kNoLogits = UINT32_MAX;
  // Query rows per attention item: small enough to balance workers, large enough to reuse K and V from cache.
  static constexpr std::uint32_t kAttentionRows = 32;

  explicit StepRows(const BackendLimits& limits);

  void begin(const StepPlan& plan) noexcept;
  bool any_cancelled() const noexcept;
  // Lists the rows to keep (ascending) in kept(); true when that is fewer than all.
  bool select_live() noexcept;
  bool select_logits() noexcept;
  // Drops all rows but the selected ones from the bookkeeping; the caller moves its activations by kept().
  void compact() noexcept;

  std::span<const std::uint32_t> kept() const noexcept { return kept_; }
  std::uint32_t n_rows() const noexcept { return static_cast<std::uint32_t>(position_.size()); }
  std::uint32_t n_decode_rows() const noexcept { return n_decode_rows_; }
  std::span<const std::uint32_t> positions() const noexcept { return position_; }
  std::span<const std::uint32_t> kv_slots() const noexcept { return kv_slot_; }
  std::span<const std::uint32_t> logits_slots() const noexcept { return logits_slot_; }
  std::span<const SeqRows> seqs() const noexcept { return seqs_; }
  std::span<const AttentionItem> items() const noexcept { return items_; }

 private:
  void list_items() noexcept;

  std::uint32_t n_decode_rows_ = 0;
  std::vector<std::uint32_t> position_, kv_slot_;
  std::vector<std::uint32_t> logits_slot_;  // row of the logits matrix, or kNoLogits
  std::vector<std::uint32_t> kept_;
  std::vector<SeqRows> seqs_;
  std::vector<AttentionItem> items_;
};

}  // namespace quern::engine
