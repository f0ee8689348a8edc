#include "sched/plan_builder.hpp"

#include <algorithm>

namespace quern::sched {
namespace {

void append(const Sequence& sequence, const BatchShare& share, engine::StepPlan& plan) noexcept {
  const std::uint32_t begin = sequence.n_computed();
  for (std::uint32_t position = begin; position < begin + share.n_tokens; ++position) {
    plan.token.push_back(sequence.tokens()[position]);
    plan.position.push_back(static_cast<std::int32_t>(position));
    plan.kv_slot.push_back(sequence.kv_slot(position));
  }
  plan.seq_begin.push_back(plan.n_tokens());
  plan.page_table.insert(plan.page_table.end(), sequence.pages.pages().begin(), sequence.pages.pages().end());
  plan.page_table.resize(plan.page_table.size() + plan.pages_max - sequence.pages.pages().size(), kv::kNoPage);
  plan.state_page.push_back(sequence.state_page);
  for (std::uint32_t n = share.n_rows(); n > 0; --n) plan.logits_tokens.push_back(plan.n_tokens() - n);
  plan.cancelled.push_back(&sequence.generation().cancelled);
  if (share.decode_role) ++plan.n_decode_seqs;
}

}  // namespace

void reserve_plan(engine::StepPlan& plan, const engine::BackendLimits& limits, std::uint32_t page_tokens) {
  plan.token.reserve(limits.max_tokens_per_step);
  plan.position.reserve(limits.max_tokens_per_step);
  plan.kv_slot.reserve(limits.max_tokens_per_step);
  plan.seq_begin.reserve(std::size_t{limits.max_seqs_per_step} + 1);
  plan.page_table.reserve(std::size_t{limits.max_seqs_per_step} * kv::pages_for(limits.max_context, page_tokens));
  plan.state_page.reserve(limits.max_seqs_per_step);
  plan.logits_tokens.reserve(limits.max_logits_per_step);
  plan.cancelled.reserve(limits.max_seqs_per_step);
}

void build_plan(std::span<const BatchShare> shares, std::span<Sequence* const> sequences,
                engine::StepPlan& plan) noexcept {
  plan.clear();
  plan.pages_max = 0;
  for (const BatchShare& share : shares) {
    const Sequence& sequence = *sequences[share.index];
    plan.pages_max = std::max(plan.pages_max, static_cast<std::uint32_t>(sequence.pages.pages().size()));
  }
  for (const BatchShare& share : shares) append(*sequences[share.index], share, plan);
}

}  // namespace quern::sched
