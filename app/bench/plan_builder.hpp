// Step plans for measurements: sequence s owns pages [s * pages_per_seq, (s + 1) * pages_per_seq) and is fed
// pseudo-random tokens, as nothing about speed depends on which they are.
// Threads: one. REQUIRES: positions stay below pages_per_seq * page_tokens.
#pragma once

#include "engine/step_plan.hpp"

#include <cstdint>

namespace quern::app {

class PlanBuilder {
 public:
  struct Shape {
    std::uint32_t n_vocab = 0;
    std::uint32_t page_tokens = 0;
    std::uint32_t pages_per_seq = 0;
  };

  explicit PlanBuilder(const Shape& shape) : shape_(shape) {}

  // n_tokens prompt tokens of one sequence from first_position on; logits of the last one when it ends the prompt.
  const engine::StepPlan& prefill(std::uint32_t seq, std::uint32_t first_position, std::uint32_t n_tokens,
                                  bool ends_prompt);
  // One generated token for each of sequences [0, n_seqs), all at `position`, all with logits.
  const engine::StepPlan& decode(std::uint32_t n_seqs, std::uint32_t position);

 private:
  void begin(std::uint32_t n_decode_seqs);
  void add_sequence(std::uint32_t seq, std::uint32_t first_position, std::uint32_t n_tokens);
  std::int32_t next_token() noexcept;

  Shape shape_;
  engine::StepPlan plan_;
  std::uint64_t state_ = 1;
};

}  // namespace quern::app
