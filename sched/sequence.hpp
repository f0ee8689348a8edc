// One generation on the engine thread: waiting -> prefill -> decode (<-> parked) -> finished, with preempted in
// between, as plain counters. What is known of it are its tokens (prompt, then what was drawn); what is computed of it
// are positions [0, n_computed). A sequence that lost its pages computes its known tokens again. Owns its KV pages and
// the rest of its page reservation while it runs, and gives both back when it ends: at once. Threads: engine thread
// only; progress is published through Generation's atomics.
#pragma once

#include "engine/sampling/sampler.hpp"
#include "kv/page_pool.hpp"
#include "kv/page_table.hpp"
#include "kv/prefix_cache.hpp"
#include "sched/generation.hpp"
#include "sched/policy/urgency.hpp"
#include "sched/tenants.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace quern::sched {

class Sequence {
 public:
  // Allocates all that it will ever need. May throw std::bad_alloc.
  Sequence(std::shared_ptr<Generation> generation, Tenant& tenant, std::uint32_t page_tokens);
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  Generation& generation() const noexcept { return *generation_; }
  std::shared_ptr<Generation> shared_generation() const noexcept { return generation_; }
  const GenerateRequest& request() const noexcept { return generation_->request; }
  Tenant& tenant() const noexcept { return tenant_; }
  TokenStream& stream() const noexcept { return *generation_->stream; }
  bool cancelled() const noexcept { return generation_->cancelled.load(std::memory_order_acquire); }
  // Whether it may wait (or go on) at this moment; see GenerateRequest.
  bool timed_out(TimePoint now) const noexcept;

  RequestState state() const noexcept { return state_; }
  void set_state(RequestState state, TimePoint now) noexcept;
  // Parked, or preempted while it was: its reader has to make room before it can go on.
  bool stuck() const noexcept { return stuck_; }
  void set_stuck(bool stuck) noexcept { stuck_ = stuck; }

  std::span<const engine::TokenId> tokens() const noexcept { return tokens_; }
  std::uint32_t n_prompt() const noexcept { return n_prompt_; }
  std::uint32_t n_computed() const noexcept { return n_computed_; }
  std::uint32_t n_left() const noexcept { return static_cast<std::uint32_t>(tokens_.size()) - n_computed_; }
  std::uint32_t n_generated() const noexcept { return static_cast<std::uint32_t>(tokens_.size()) - n_prompt_; }
  bool at_length() const noexcept { return n_generated() >= request().max_tokens; }
  // Its time for generating is over at `now`, when a token of it was pushed.
  bool out_of_time(TimePoint now) const noexcept {
    return request().max_decode && now - first_token_at >= *request().max_decode;
  }
  // What is left is the token drawn last, and those that have to follow it (jump-ahead). Otherwise it prefills: its
  // prompt, or what it has to compute again.
  bool decodes() const noexcept {
    return n_generated() > 0 && n_left() >= 1 && n_computed_ >= n_prompt_ && n_computed_ == n_peak_;
  }
  std::uint32_t kv_slot(std::uint32_t position) const noexcept { return pages.slot(position); }

  // Its prompt's tokens are scored, and some are not yet.
  bool scores_prompt() const noexcept {
    return request().prompt_logprobs.wanted && n_generated() == 0 && n_computed_ + 1 < n_prompt_;
  }

  // ---- after forward() ----
  void advance(std::uint32_t n_tokens) noexcept;  // so many positions more hold K and V now
  engine::sampling::Drawn sample(std::span<const float> logits) {
    const auto& constraint = generation_->constraint;
    return generation_->sampler->sample(logits, request().logprobs, constraint ? constraint->mask() : nullptr);
  }
  // The token drawn, or one that has to follow: computed in the next step. May throw std::bad_alloc, and
  // std::logic_error where its grammar does not allow the token.
  void accept(engine::TokenId token);
  // What has to follow the last token, without being drawn: at most `limit`. Valid until the next accept().
  std::span<const engine::TokenId> forced(std::size_t limit);
  // Its grammar lets nothing follow.
  bool complete() const noexcept { return generation_->constraint && generation_->constraint->must_end(); }
  // What a row of logits says of the token behind `position`, as far as that is one of the prompt. May throw
  // std::bad_alloc.
  void score_next(std::uint32_t position, std::span<const float> logits) const;

  // ---- Residents' side: pages, and what of them the prefix cache knows ----
  kv::PageTable pages;
  std::uint32_t n_reserved = 0;  // promised and not yet taken
  kv::PageId state_page = kv::kNoPage;
  kv::ChainKey chain = 0;                                // of the first n_chained pages
  std::uint32_t n_chained = 0;                           // full pages that were looked up or listed
  std::uint32_t n_trusted = 0;                           // of them, those that a sound row of its logits has read
  kv::PageId copied_from = kv::kNoPage;                  // its first page behind those found began as a part of this
  void reset_computed(std::uint32_t n_tokens) noexcept;  // positions [0, n_tokens) are computed, and no others
  kv::PageId answer_checkpoint = kv::kNoPage;            // the page of its answer behind which its state is kept
  void publish_pages() noexcept;

  std::uint64_t last_turn = 0;  // see BatchInput
  TimePoint first_token_at{};   // when its first token was pushed
  TimePoint last_token_at{};    // when its last token was pushed
  TimePoint placed_at{};        // when it got its place
  bool kept = false;            // got its place by age: see policy/leaving.hpp

  // ---- what its tenant has paid for: positions [0, n_paid), of which [0, n_peak) were computed or found once ----
  std::uint32_t n_paid = 0;
  std::uint32_t n_peak() const noexcept { return n_peak_; }
  void settle() noexcept;      // tells its tenant how much that is; after each change of n_paid
  void settle_all() noexcept;  // it will compute no more

 private:
  std::shared_ptr<Generation> generation_;
  Tenant& tenant_;
  const std::uint32_t n_prompt_;
  std::vector<engine::TokenId> tokens_;  // prompt, then generated
  std::uint32_t n_computed_ = 0;
  std::uint32_t n_peak_ = 0;  // the most that n_computed_ has been
  double ahead_ = 0;          // its part of Tenant::ahead
  bool stuck_ = false;
  RequestState state_ = RequestState::queued;
};

}  // namespace quern::sched
