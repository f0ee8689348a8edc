// One running generation on the engine thread: prefill -> decode (<-> parked) -> finished, as plain counters.
// Owns its KV pages and the rest of its page reservation, and gives both back when it ends: at once.
// Pages are taken from the reservation only as positions are written, so that unused promises do not evict kept pages.
// Threads: engine thread only; progress is published through Generation's atomics.
#pragma once

#include "engine/sampling/sampler.hpp"
#include "kv/page_pool.hpp"
#include "kv/page_table.hpp"
#include "sched/generation.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace quern::sched {

class Sequence {
 public:
  // REQUIRES: generation->n_pages_needed pages are reserved in `pool`; the sequence takes that promise over when the
  // constructor returns. One of `states` is free: what models with recurrent layers remember of the sequence.
  // May throw std::bad_alloc.
  Sequence(std::shared_ptr<Generation> generation, kv::PagePool& pool, kv::PagePool& states, std::uint32_t page_tokens);
  ~Sequence() { release_pages(); }
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  Generation& generation() const noexcept { return *generation_; }
  const GenerateRequest& request() const noexcept { return generation_->request; }
  TokenStream& stream() const noexcept { return *generation_->stream; }
  bool cancelled() const noexcept { return generation_->cancelled.load(std::memory_order_acquire); }

  RequestState state() const noexcept { return state_; }
  std::uint32_t n_prompt_left() const noexcept { return n_prompt_ - n_prefilled_; }  // 0: decodes
  std::uint32_t n_generated() const noexcept { return n_generated_; }
  bool at_length() const noexcept { return n_generated_ == request().max_tokens; }
  std::span<const kv::PageId> pages() const noexcept { return pages_.pages(); }
  kv::PageId state_page() const noexcept { return state_page_; }

  // What the next step computes: positions [next_position(), next_position() + n).
  std::uint32_t next_position() const noexcept { return n_prefilled_ + n_fed_; }
  // The token at a position that was not computed yet: of the prompt, or the last one drawn.
  engine::TokenId token_at(std::uint32_t position) const noexcept {
    return position < n_prompt_ ? request().prompt[position] : last_token_;
  }
  std::uint32_t kv_slot(std::uint32_t position) const noexcept { return pages_.slot(position); }
  // Takes the pages that positions below `n_positions` need. REQUIRES: n_positions <= prompt + max_tokens.
  void allocate_pages(std::uint32_t n_positions) noexcept;

  // ---- after forward() ----
  void advance(std::uint32_t n_tokens) noexcept;  // so many positions hold K and V now
  engine::sampling::Drawn sample(std::span<const float> logits) {
    return generation_->sampler->sample(logits, request().want_logprobs);
  }
  void accept(engine::TokenId token);  // the token drawn: fed in the next step. May throw std::bad_alloc

  void park() noexcept { set_state(RequestState::parked); }
  void unpark() noexcept { set_state(RequestState::decode); }
  void finish() noexcept;  // gives everything back; only generation(), stream() and state() are of use afterwards

  std::uint64_t last_turn = 0;  // see BatchInput
  TimePoint last_token_at{};    // when its last token was pushed

 private:
  void set_state(RequestState state) noexcept;
  void release_pages() noexcept;

  std::shared_ptr<Generation> generation_;
  kv::PagePool& pool_;
  kv::PagePool& states_;
  kv::PageTable pages_;
  const std::uint32_t n_prompt_;
  std::uint32_t n_reserved_ = 0;   // promised and not yet taken
  std::uint32_t n_prefilled_ = 0;  // prompt positions computed
  std::uint32_t n_fed_ = 0;        // generated tokens computed: n_generated_, or one less while one waits to be fed
  std::uint32_t n_generated_ = 0;
  engine::TokenId last_token_ = engine::kNoToken;
  kv::PageId state_page_ = kv::kNoPage;
  RequestState state_ = RequestState::queued;
};

}  // namespace quern::sched
