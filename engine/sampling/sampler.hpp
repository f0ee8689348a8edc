// Draws the next token of one sequence: applies the stages of params.order to the logits and picks.
// Same params, seed, history and logits: same token, on every machine (own generator, no std:: distribution).
// Threads: one (the engine thread). Allocates only in the constructor and when history grows past its capacity.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/sampling/params.hpp"
#include "engine/tokenizer/tokenizer.hpp"

namespace quern::engine::sampling {

struct Drawn {
  TokenId token;
  float logprob;  // natural log of its probability under the plain softmax of the untouched logits
};

class Sampler {
 public:
  // REQUIRES: validate(params, n_vocab) succeeded. tokenizer is needed for DRY's breakers only (nullptr: no breakers).
  Sampler(const SamplingParams& params, std::uint32_t n_vocab, const Tokenizer* tokenizer);
  ~Sampler();
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;

  void accept(TokenId token);  // prompt tokens first, then each drawn one: the history of penalties and DRY
  Drawn sample(std::span<const float> logits, bool want_logprob = false);

  std::uint64_t seed() const noexcept;  // the one in use, also when the request gave none

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quern::engine::sampling
