// The whole contract between sched and engine: one forward pass as flat arrays. Capacity is reserved once at start-up,
// so planning a step does not allocate. Built by sched/batcher, read by Backend::forward.
// Sequences that decode (one generated token each, several where they are computed again) come first, then prefill
// chunks: the role of a token, and with it its arithmetic, is known without a flag per token.
#pragma once

#include "kv/kv_config.hpp"

#include <atomic>
#include <cstdint>
#include <vector>

namespace quern::engine {

struct StepPlan {
  std::vector<std::int32_t> token;       // [n_tokens] token id
  std::vector<std::int32_t> position;    // [n_tokens] 0-based index within its own sequence; consecutive per sequence
  std::vector<std::uint32_t> kv_slot;    // [n_tokens] page * page_tokens + offset: where its K and V are written
  std::vector<std::uint32_t> seq_begin;  // [n_seqs + 1] sequence s owns tokens [seq_begin[s], seq_begin[s + 1])
  std::vector<kv::PageId> page_table;    // [n_seqs, pages_max] row-major; unused entries are kNoPage
  // [n_seqs] where a model with recurrent layers keeps what it remembers of the sequence: a state page that no other
  // sequence of the step uses. Read where the sequence goes on, set anew where it starts at position 0. May be empty
  // for models without such layers.
  std::vector<kv::PageId> state_page;
  std::vector<std::uint32_t> logits_tokens;  // [n_logits] token indexes that need logits, ascending
  // [n_seqs] set to true by another thread when nobody wants the sequence any more; forward() drops its rows between
  // layers. An entry may be nullptr (tests, benchmarks).
  std::vector<const std::atomic<bool>*> cancelled;
  std::uint32_t n_decode_seqs = 0;  // the tokens of sequences [0, n_decode_seqs) have the role of decodes
  std::uint32_t pages_max = 0;

  std::uint32_t n_tokens() const noexcept { return static_cast<std::uint32_t>(token.size()); }
  std::uint32_t n_seqs() const noexcept { return static_cast<std::uint32_t>(cancelled.size()); }
  std::uint32_t n_logits() const noexcept { return static_cast<std::uint32_t>(logits_tokens.size()); }

  void clear() noexcept {
    token.clear(), position.clear(), kv_slot.clear(), page_table.clear(), logits_tokens.clear(), cancelled.clear();
    state_page.clear();
    seq_begin.assign(1, 0);
    n_decode_seqs = 0;
  }
};

}  // namespace quern::engine
