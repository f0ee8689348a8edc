// Draws the next token of one sequence: applies the stages of params.order to the logits and picks.
// Same params, seed, history and logits: same token, on every machine (own generator, no std:: distribution).
// temperature <= 0 picks the best candidate that the other stages leave, also when `order` has no temperature; else the
// draw is by probability, mirostat's or adaptive-p's.
// Threads: one at a time (the engine thread). Allocates in the constructor, when history grows past its capacity, and
// while the candidate buffers, which all samplers of a thread share, grow to the largest vocabulary seen.
#pragma once

#include "engine/grammar/token_mask.hpp"
#include "engine/sampling/params.hpp"
#include "engine/sampling/top_tokens.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace quern::engine::sampling {

class BreakerFinder;

struct Drawn {
  TokenId token;
  // Natural log of its probability, see LogprobWish; 0 where not wanted. -infinity where no logit is finite.
  float logprob = 0;
  std::shared_ptr<const TopTokens> top = {};  // where some are wanted
};

class Sampler {
 public:
  // REQUIRES: validate(params, n_vocab) succeeded. tokenizer is needed for DRY's breakers only (nullptr: no breakers).
  Sampler(const SamplingParams& params, std::uint32_t n_vocab, const Tokenizer* tokenizer);
  // The same, with breakers looked up in the model's finder (breaker_finder.hpp): microseconds instead of the tens of
  // milliseconds that laying out a large vocabulary takes. The finder is not kept.
  Sampler(const SamplingParams& params, std::uint32_t n_vocab, const BreakerFinder& finder);
  ~Sampler();
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;

  // The history of penalties and DRY: the prompt once, then each token that was drawn. They differ: frequency and
  // presence penalties see only what was drawn.
  void accept_prompt(std::span<const TokenId> tokens);
  void accept(TokenId token);
  // REQUIRES: logits.size() == n_vocab. Any values, also NaN and infinities: the token is always in [0, n_vocab). A
  // token whose logit is NaN, -infinity or banned comes out only when there is no other: then the best raw logit, else
  // token 0.
  // mask: only these tokens, of which there has to be one; nullptr: all. Probabilities before the stages are those that
  // the model gives, whatever the mask.
  Drawn sample(std::span<const float> logits, const LogprobWish& wish, const grammar::TokenMask* mask = nullptr);
  Drawn sample(std::span<const float> logits, bool want_logprob = false) {
    return sample(logits, LogprobWish{.wanted = want_logprob});
  }

  std::uint64_t seed() const noexcept;  // the one in use, also when the request gave none

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quern::engine::sampling
