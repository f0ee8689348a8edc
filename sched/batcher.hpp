// Who takes part in the next step, and with how many tokens: a pure function of counters, without threads or time.
// Decoding sequences come first with one token each; prompts share what is left, so that a step that carries decodes
// never grows by more than prefill_tokens and their inter-token gap stays bounded whatever arrives.
// Fairness:
// - more decodes than places: the ones that waited longest (lowest last_turn) go first, which is round-robin if the
//   caller counts turns in the order of the shares;
// - decodes may fill every place only while no prompt waits: otherwise one place is kept for prompts;
// - prompts share their tokens evenly, and what a short prompt leaves goes to the longer ones: a short prompt is never
//   stuck behind a long one.
// Threads: one. No allocation after construction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace quern::sched {

struct BatchLimits {
  std::uint32_t max_tokens = 512;      // token rows of a step
  std::uint32_t max_seqs = 64;         // sequences of a step
  std::uint32_t max_logits = 64;       // rows of logits of a step
  std::uint32_t prefill_tokens = 256;  // prompt tokens of a step in which something decodes
};

struct BatchInput {                 // a sequence that could take part
  std::uint32_t n_prompt_left = 0;  // prompt tokens to compute; 0: decodes
  std::uint64_t last_turn = 0;      // a number that grows with every share given out; 0: never had one
};

struct BatchShare {
  std::uint32_t index = 0;     // into the inputs
  std::uint32_t n_tokens = 0;  // at least 1
  bool logits = false;         // the last of its tokens gets logits: decode, or the end of the prompt
};

class Batcher {
 public:
  Batcher(const BatchLimits& limits, std::uint32_t max_inputs);  // all limits at least 1

  // Decodes first (where not all fit: longest waiting first), then prompts (shortest first). Valid until the next call.
  std::span<const BatchShare> choose(std::span<const BatchInput> inputs);

 private:
  std::uint32_t choose_decodes(std::span<const BatchInput> inputs);
  void choose_prompts(std::span<const BatchInput> inputs, std::uint32_t n_decodes);

  BatchLimits limits_;
  std::vector<BatchShare> shares_;
  std::vector<std::uint32_t> decodes_, prompts_;  // indexes into the inputs
};

}  // namespace quern::sched
