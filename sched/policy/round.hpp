// How the engines that share a machine divide its time. In a round every engine that has something steps once. A
// stream's gap is a whole round, so the two-sided target (pace.hpp) is one for the round: what the steps of all streams
// take, times the factor. What is left beside these steps is divided evenly between the engines that have prompts or
// texts to compute. Threads: any; pure functions.
#pragma once

#include <algorithm>
#include <cstdint>

namespace quern::sched::policy {

// What the other engines have.
struct Others {
  double decodes_s = 0;        // steps of their streams, alone
  double slow_s = 0;           // what these take at most in 99 of 100 cases
  std::uint32_t n_claims = 0;  // engines with prompts or texts
};

// What a step of an engine may take that has prompts or texts. round_s: the target for the whole round, as far below
// what it may take as this engine's steps turn out longer than predicted; spread: by which factor; own_s: what its own
// streams take alone, 0 where there are none.
constexpr double step_of_round(double round_s, double own_s, double spread, const Others& others) noexcept {
  return own_s + std::max(round_s - own_s - others.slow_s / std::max(spread, 1.0), 0.0) / (1.0 + others.n_claims);
}

}  // namespace quern::sched::policy
