// Who takes part in the next step, and with how many tokens: a pure function of counters, without threads or time.
// Decoding sequences come first with one token each (more where a grammar said what had to follow); prompts share what
// the caller allows beside them (CostModel), so that the gap between tokens stays bounded whatever arrives. Fairness:
// - more decodes than places: the ones that waited longest (lowest last_turn) go first, which is round-robin if the
//   caller counts turns in the order of the shares;
// - decodes may fill every place only while no prompt waits: otherwise one place is kept for prompts;
// - tenants share the prompt tokens evenly, as do the prompts of one tenant, and what a short prompt leaves goes to the
//   longer ones: a short prompt is never stuck behind a long one, nor one client's prompt behind many of another's.
// Threads: one. No allocation after construction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace quern::sched {

struct BatchLimits {
  std::uint32_t max_tokens = 512;  // token rows of a step
  std::uint32_t max_seqs = 64;     // sequences of a step
  std::uint32_t max_logits = 64;   // rows of logits of a step
};

struct BatchInput {                      // a sequence that could take part
  std::uint32_t n_prompt_left = 0;       // prompt tokens to compute; 0: decodes
  std::uint64_t last_turn = 0;           // a number that grows with every share given out; 0: never had one
  std::uint32_t tenant = 0;              // below max_inputs
  std::uint32_t max_chunk = UINT32_MAX;  // prompt tokens that it wants in one step at most
  bool decode_role = false;              // these were generated: they are computed as decodes are, in several rows
  std::uint32_t n_decode = 1;            // of one that decodes: tokens, of which all but the first had to follow it
  bool all_logits = false;               // each of its prompt tokens needs a row of logits
};

struct BatchShare {
  std::uint32_t index = 0;     // into the inputs
  std::uint32_t n_tokens = 0;  // at least 1
  bool logits = false;         // the last of its tokens gets logits: decode, or the end of the prompt
  bool decode_role = false;    // decodes, and what has to be computed as they are; they come first
  bool all_logits = false;     // all of its tokens get logits

  std::uint32_t n_rows() const noexcept { return all_logits ? n_tokens : logits ? 1 : 0; }  // of logits
};

class Batcher {
 public:
  Batcher(const BatchLimits& limits, std::uint32_t max_inputs);  // all limits at least 1

  // Decodes first (where not all fit: longest waiting first), then what shares their role, then prompts (those that end
  // soonest first).
  // prefill_tokens: prompt tokens of the step at most; at least 1 where nothing decodes. Valid until the next call.
  std::span<const BatchShare> choose(std::span<const BatchInput> inputs, std::uint32_t prefill_tokens);

 private:
  std::uint32_t choose_decodes(std::span<const BatchInput> inputs);  // gives their tokens
  void choose_prompts(std::span<const BatchInput> inputs, std::uint32_t n_decode_tokens, std::uint32_t prefill_tokens);

  BatchLimits limits_;
  std::vector<BatchShare> shares_;
  std::vector<std::uint32_t> decodes_, prompts_;  // indexes into the inputs
  std::vector<std::uint32_t> n_of_tenant_;        // prompts in this step
};

}  // namespace quern::sched
