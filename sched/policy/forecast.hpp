// When a waiting request gets its place, and its first token: found by playing the line forward. Places are given in
// the order of urgency and taken from the less urgent as AdmissionPolicy does; prompts are computed beside decodes as
// the pace allows; answers end when answers usually do. Between events (a prompt is computed, an answer ends) all rates
// are constant, so a play costs some microseconds per event and not one per step.
// Who asks for max_queue or a deadline is turned away only when this says that it cannot be met, so whatever is not
// known is assumed to go well: memory is not modelled, prompts come out of the cache as far as they are known to.
// Threads: any; a pure function. Allocates.
#pragma once

#include "sched/policy/cost_model.hpp"
#include "sched/policy/pace.hpp"
#include "sched/policy/urgency.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace quern::sched::policy {

struct Player {  // a sequence that runs or waits
  Urgency urgency;
  std::uint32_t n_known = 0;     // tokens of it: prompt and generated
  std::uint32_t n_computed = 0;  // of these; waiting: that the prefix cache is believed to have
  std::uint32_t n_answer = 0;    // tokens that it will still generate, as far as one can tell
  bool stuck = false;            // its reader does not read: it holds a place, or waits, without wanting to run
  bool kept = false;             // nobody takes its place away: see policy/leaving.hpp
};

struct Lineup {
  std::vector<Player> running, waiting;
  std::vector<double> tenant_weights;  // by index
  std::uint32_t max_running = 0;
  std::uint32_t prefill_tokens_per_step = 0;  // beside decodes
  std::uint32_t max_tokens_per_step = 0;
  bool preempt = true;
};

struct Forecast {
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  double starts_s = kNever;  // from now; kNever: not before the horizon
  double first_token_s = kNever;
  bool known = false;  // false: no step was seen yet, or the line is too long to be played to its end
};

// Of the waiting player `id`. REQUIRES: it is in line.waiting.
Forecast forecast(Lineup line, const CostModel& costs, const PaceLimits& pace, std::uint64_t id, double horizon_s);

}  // namespace quern::sched::policy
