#include "engine/step_rows.hpp"

#include <algorithm>

namespace quern::engine {

StepRows::StepRows(const BackendLimits& limits) {
  position_.reserve(limits.max_tokens_per_step);
  kv_slot_.reserve(limits.max_tokens_per_step);
  logits_slot_.reserve(limits.max_tokens_per_step);
  kept_.reserve(limits.max_tokens_per_step);
  seqs_.reserve(limits.max_seqs_per_step);
  items_.reserve(limits.max_seqs_per_step + limits.max_tokens_per_step / kAttentionRows);
}

void StepRows::begin(const StepPlan& plan) noexcept {
  position_.assign(plan.position.begin(), plan.position.end());
  kv_slot_.assign(plan.kv_slot.begin(), plan.kv_slot.end());
  logits_slot_.assign(plan.n_tokens(), kNoLogits);
  for (std::uint32_t i = 0; i < plan.n_logits(); ++i) logits_slot_[plan.logits_tokens[i]] = i;
  seqs_.clear();
  for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) {
    const std::uint32_t first = plan.seq_begin[s];
    seqs_.push_back({.begin = first,
                     .end = plan.seq_begin[s + 1],
                     .first_position = position_[first],
                     .pages = plan.page_table.data() + std::size_t{s} * plan.pages_max,
                     .state_page = plan.state_page.empty() ? kv::kNoPage : plan.state_page[s],
                     .cancelled = plan.cancelled[s]});
  }
  n_decode_rows_ = plan.seq_begin[plan.n_decode_seqs];
  list_items();
}

bool StepRows::any_cancelled() const noexcept {
  return std::any_of(seqs_.begin(), seqs_.end(), [](const SeqRows& seq) { return seq.is_cancelled(); });
}

bool StepRows::select_live() noexcept {
  kept_.clear();
  for (const SeqRows& seq : seqs_) {
    if (seq.is_cancelled()) continue;
    for (std::uint32_t row = seq.begin; row < seq.end; ++row) kept_.push_back(row);
  }
  return kept_.size() < position_.size();
}

bool StepRows::select_logits() noexcept {
  kept_.clear();
  for (std::uint32_t row = 0; row < n_rows(); ++row) {
    if (logits_slot_[row] != kNoLogits) kept_.push_back(row);
  }
  return kept_.size() < position_.size();
}

void StepRows::compact() noexcept {
  std::uint32_t n_decode = 0, out = 0;
  auto next_seq = seqs_.begin();
  for (SeqRows seq : seqs_) {  // a copy: the list is rewritten behind the reader
    const std::uint32_t begin = out;
    for (; out < kept_.size() && kept_[out] < seq.end; ++out) {
      const std::uint32_t row = kept_[out];
      if (row < n_decode_rows_) ++n_decode;
      position_[out] = position_[row];
      kv_slot_[out] = kv_slot_[row];
      logits_slot_[out] = logits_slot_[row];
    }
    if (out == begin) continue;
    seq.begin = begin;
    seq.end = out;
    seq.first_position = position_[begin];
    *next_seq++ = seq;
  }
  seqs_.erase(next_seq, seqs_.end());
  position_.resize(out);
  kv_slot_.resize(out);
  logits_slot_.resize(out);
  n_decode_rows_ = n_decode;
  list_items();
}

void StepRows::list_items() noexcept {
  items_.clear();
  for (std::uint32_t s = 0; s < seqs_.size(); ++s) {
    for (std::uint32_t row = seqs_[s].begin; row < seqs_[s].end; row += kAttentionRows) {
      items_.push_back({s, row, std::min(row + kAttentionRows, seqs_[s].end)});
    }
  }
}

}  // namespace quern::engine
