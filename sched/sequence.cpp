#include "sched/sequence.hpp"

#include "base/assert.hpp"

#include <utility>

namespace quern::sched {

Sequence::Sequence(std::shared_ptr<Generation> generation, kv::PagePool& pool, kv::PagePool& states,
                   std::uint32_t page_tokens)
    : generation_(std::move(generation)),
      pool_(pool),
      states_(states),
      pages_(page_tokens, generation_->n_pages_needed),
      n_prompt_(static_cast<std::uint32_t>(generation_->request.prompt.size())),
      n_reserved_(generation_->n_pages_needed) {
  const bool reserved = states_.reserve(1);
  QUERN_ASSERT(reserved);
  state_page_ = states_.allocate();
  set_state(RequestState::prefill);
}

void Sequence::allocate_pages(std::uint32_t n_positions) noexcept {
  const std::uint32_t n_taken = pages_.ensure(n_positions, pool_);
  QUERN_ASSERT(n_taken <= n_reserved_);
  n_reserved_ -= n_taken;
  generation_->n_pages.store(static_cast<std::uint32_t>(pages().size()), std::memory_order_relaxed);
}

void Sequence::advance(std::uint32_t n_tokens) noexcept {
  if (state_ == RequestState::prefill) {
    QUERN_DCHECK(n_tokens <= n_prompt_left());
    n_prefilled_ += n_tokens;
    generation_->n_prefilled.store(n_prefilled_, std::memory_order_relaxed);
    if (n_prefilled_ == n_prompt_) set_state(RequestState::decode);
  } else {
    QUERN_DCHECK(n_tokens == 1 && n_fed_ < n_generated_);
    n_fed_ += n_tokens;
  }
}

void Sequence::accept(engine::TokenId token) {
  generation_->sampler->accept(token);
  last_token_ = token;
  ++n_generated_;
  generation_->n_generated.store(n_generated_, std::memory_order_relaxed);
}

void Sequence::release_pages() noexcept {
  pages_.release(pool_);
  pool_.unreserve(std::exchange(n_reserved_, 0));
  if (state_page_ != kv::kNoPage) states_.release(std::exchange(state_page_, kv::kNoPage));
  generation_->n_pages.store(0, std::memory_order_relaxed);
}

void Sequence::finish() noexcept {
  release_pages();
  generation_->sampler.reset();
  set_state(RequestState::finished);
}

void Sequence::set_state(RequestState state) noexcept {
  state_ = state;
  generation_->state.store(state, std::memory_order_release);
}

}  // namespace quern::sched
