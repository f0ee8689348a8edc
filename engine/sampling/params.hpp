// What a request may ask of the sampler. Plain data, checked by validate() before it reaches the engine thread.
// Ranges stand in params.cpp and, for users, in docs/SAMPLING.md.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quern::engine::sampling {

// The stages that may appear in `order`. Every stage is off at its default parameter, whatever the order says.
enum class Stage : std::uint8_t {
  logit_bias,
  penalties,
  dry,
  top_n_sigma,
  top_k,
  typical,
  top_p,
  min_p,
  xtc,
  temperature
};

// Limits on sizes, so that no request can make a step slow. A DRY window of 2^17 tokens costs under a millisecond a
// step.
inline constexpr std::size_t kLogitBiasMax = 16384;
inline constexpr std::size_t kDryBreakersMax = 32;
inline constexpr std::size_t kDryBreakerBytesMax = 40;
inline constexpr std::size_t kDryWindowMax = std::size_t{1} << 17;  // DRY looks no further back, whatever is asked

struct SamplingParams {
  float temperature = 0.8f;     // <= 0: greedy. Range [0, 100]
  float dynatemp_range = 0.0f;  // > 0: temperature in [t - range, t + range] by entropy
  float dynatemp_exponent = 1.0f;
  std::int32_t top_k = 40;          // <= 0: off
  float top_p = 0.95f;              // 1: off. Range [0, 1]
  float min_p = 0.05f;              // 0: off. Range [0, 1]
  float typical_p = 1.0f;           // 1: off
  float top_n_sigma = -1.0f;        // <= 0: off
  float xtc_probability = 0.0f;     // 0: off
  float xtc_threshold = 0.1f;       // > 0.5: off
  std::int32_t repeat_last_n = 64;  // tokens of history repeat_penalty looks at; 0: none, -1: all
  float repeat_penalty = 1.0f;      // 1: off
  float frequency_penalty = 0.0f;   // per occurrence in the completion. 0: off. Range [-2, 2]
  float presence_penalty = 0.0f;    // once for a token of the completion
  float dry_multiplier = 0.0f;      // 0: off
  float dry_base = 1.75f;
  std::int32_t dry_allowed_length = 2;
  std::int32_t dry_penalty_last_n = -1;  // 0: off, -1: all (kDryWindowMax at most)
  std::vector<std::string> dry_sequence_breakers{"\n", ":", "\"", "*"};
  std::vector<std::pair<std::int32_t, float>> logit_bias;  // token id, added to its logit; -infinity bans it
  std::int32_t mirostat = 0;      // 0: off, 1 or 2: the version. It replaces the stages that choose what stays
  float mirostat_tau = 5.0f;      // bits of surprise per token that it aims at. Range [0, 100]
  float mirostat_eta = 0.1f;      // how fast it follows. Range [0, 10]
  float adaptive_target = -1.0f;  // < 0: off. The probability that adaptive-p draws tokens near to. Range [-1, 1]
  float adaptive_decay = 0.9f;    // of its memory: about 1 / (1 - decay) tokens. Range [0, 0.99]
  std::uint32_t min_keep = 1;
  std::uint64_t seed = 0;  // with has_seed
  bool has_seed = false;   // false: a fresh random seed for each request
  std::vector<Stage> order{Stage::logit_bias, Stage::penalties, Stage::dry,   Stage::top_n_sigma, Stage::top_k,
                           Stage::typical,    Stage::top_p,     Stage::min_p, Stage::xtc,         Stage::temperature};
};

// Names of stages and their text form: chain.hpp.
// Errors: bad_input; Error::field is the parameter's name as written above. NaN and infinities are refused.
Status validate(const SamplingParams& params, std::uint32_t n_vocab);

}  // namespace quern::engine::sampling
