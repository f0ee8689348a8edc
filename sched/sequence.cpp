#include "sched/sequence.hpp"

#include "base/assert.hpp"
#include "sched/tenants.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace quern::sched {

Sequence::Sequence(std::shared_ptr<Generation> generation, Tenant& tenant, std::uint32_t page_tokens)
    : pages(page_tokens, generation->n_pages_needed),
      generation_(std::move(generation)),
      tenant_(tenant),
      n_prompt_(static_cast<std::uint32_t>(request().prompt.size())) {
  tokens_.reserve(request().prompt.size() + request().max_tokens);
  tokens_.insert(tokens_.end(), request().prompt.begin(), request().prompt.end());
}

bool Sequence::timed_out(TimePoint now) const noexcept {
  const Duration age = now - generation_->submitted;
  if (request().deadline && age > *request().deadline) return true;
  return state_ == RequestState::queued && request().max_queue && age > *request().max_queue;
}

void Sequence::set_state(RequestState state, TimePoint now) noexcept {
  if (state == state_) return;
  const bool was_queued = state_ == RequestState::queued;
  generation_->times.enter(state_, now);
  state_ = state;
  generation_->state.store(state, std::memory_order_release);
  if (was_queued && state != RequestState::finished) stream().announce();
}

void Sequence::advance(std::uint32_t n_tokens) noexcept {
  QUERN_DCHECK(n_tokens <= n_left());
  reset_computed(n_computed_ + n_tokens);
}

void Sequence::reset_computed(std::uint32_t n_tokens) noexcept {
  n_computed_ = n_tokens;
  n_peak_ = std::max(n_peak_, n_computed_);
  settle();
  generation_->n_prefilled.store(std::min(n_computed_, n_prompt_), std::memory_order_relaxed);
}

void Sequence::settle() noexcept {
  const double ahead = n_paid > n_peak_ ? (n_paid - n_peak_) / tenant_.weight : 0;
  tenant_.ahead += ahead - ahead_;
  ahead_ = ahead;
}

void Sequence::settle_all() noexcept {
  tenant_.ahead -= ahead_;
  ahead_ = 0;
}

void Sequence::score_next(std::uint32_t position, std::span<const float> logits) const {
  const std::uint32_t next = position + 1;
  if (next >= n_prompt_) return;
  generation_->prompt_scores[next] = engine::sampling::score_of(logits, tokens_[next], request().prompt_logprobs.n_top);
}

void Sequence::accept(engine::TokenId token) {
  if (generation_->constraint && !generation_->constraint->accept(token)) {
    throw std::logic_error("a token that the grammar does not allow");
  }
  generation_->sampler->accept(token);
  tokens_.push_back(token);
  generation_->n_generated.store(n_generated(), std::memory_order_relaxed);
}

std::span<const engine::TokenId> Sequence::forced(std::size_t limit) {
  if (!generation_->constraint) return {};
  return generation_->constraint->forced(limit);
}

void Sequence::publish_pages() noexcept {
  generation_->n_pages.store(static_cast<std::uint32_t>(pages.pages().size()), std::memory_order_relaxed);
}

}  // namespace quern::sched
