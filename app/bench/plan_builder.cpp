#include "app/bench/plan_builder.hpp"

#include "base/assert.hpp"

namespace quern::app {

const engine::StepPlan& PlanBuilder::prefill(std::uint32_t seq, std::uint32_t first_position, std::uint32_t n_tokens,
                                             bool ends_prompt) {
  begin(0);
  add_sequence(seq, first_position, n_tokens);
  if (ends_prompt) plan_.logits_tokens.push_back(n_tokens - 1);
  return plan_;
}

const engine::StepPlan& PlanBuilder::decode(std::uint32_t n_seqs, std::uint32_t position) {
  begin(n_seqs);
  for (std::uint32_t seq = 0; seq < n_seqs; ++seq) {
    add_sequence(seq, position, 1);
    plan_.logits_tokens.push_back(seq);
  }
  return plan_;
}

void PlanBuilder::begin(std::uint32_t n_decode_seqs) {
  plan_.clear();
  plan_.n_decode_seqs = n_decode_seqs;
  plan_.pages_max = shape_.pages_per_seq;
}

void PlanBuilder::add_sequence(std::uint32_t seq, std::uint32_t first_position, std::uint32_t n_tokens) {
  QUERN_ASSERT(first_position + n_tokens <= shape_.pages_per_seq * shape_.page_tokens);
  const std::uint32_t first_page = seq * shape_.pages_per_seq;
  for (std::uint32_t position = first_position; position < first_position + n_tokens; ++position) {
    plan_.token.push_back(next_token());
    plan_.position.push_back(static_cast<std::int32_t>(position));
    // The pages of a sequence are neighbours, so its slots are too.
    plan_.kv_slot.push_back(first_page * shape_.page_tokens + position);
  }
  plan_.seq_begin.push_back(plan_.n_tokens());
  for (std::uint32_t page = 0; page < shape_.pages_per_seq; ++page) plan_.page_table.push_back(first_page + page);
  plan_.state_page.push_back(seq);
  plan_.cancelled.push_back(nullptr);
}

// Knuth's 64-bit linear congruential generator; its high bits are good enough for token ids.
std::int32_t PlanBuilder::next_token() noexcept {
  state_ = state_ * 6364136223846793005u + 1442695040888963407u;
  return static_cast<std::int32_t>((state_ >> 33) % shape_.n_vocab);
}

}  // namespace quern::app
