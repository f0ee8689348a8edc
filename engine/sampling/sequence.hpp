// What a stage may read, and keep from step to step, of the sequence it works for. Threads: one.
#pragma once

#include "engine/sampling/breaker_table.hpp"
#include "engine/sampling/history.hpp"
#include "engine/sampling/params.hpp"
#include "engine/sampling/rng.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace quern::engine::sampling {

// Where DRY last found a sequence breaker, so that a step looks only at tokens it has not judged before.
struct BreakerMemory {
  struct Found {
    std::size_t head = 0;         // index in the history of the breaker's first token
    std::size_t tail_length = 0;  // tokens of the breaker after it
  };
  std::size_t settled = 0;     // heads below this index have seen every token their tails could need
  std::optional<Found> found;  // the last breaker among the settled ones
};

// What adaptive-p has drawn so far: probabilities, each counting the less the longer it is ago.
struct AdaptiveMemory {
  double weighted_sum = 0, total_weight = 1;
};

struct Sequence {
  explicit Sequence(const SamplingParams& p, std::uint64_t seed = 0, std::shared_ptr<const BreakerTable> b = nullptr)
      : params(p), history(p.repeat_last_n), rng(seed), breakers(std::move(b)) {
    const double target = static_cast<double>(p.adaptive_target), decay = static_cast<double>(p.adaptive_decay);
    adaptive = {target / (1.0 - decay), 1.0 / (1.0 - decay)};  // as if the target had always been met
    mirostat_mu = 2.0 * static_cast<double>(p.mirostat_tau);
  }

  SamplingParams params;
  History history;
  Rng rng;
  std::shared_ptr<const BreakerTable> breakers;  // nullptr: none
  BreakerMemory breaker_memory;
  double mirostat_mu = 0;  // bits: where mirostat cuts next
  AdaptiveMemory adaptive;
};

}  // namespace quern::engine::sampling
