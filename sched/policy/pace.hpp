// How much of a step prompts may take while streams run: the two-sided target. Both sides of it are promises:
// - a stream's gaps. A step lasts at most `factor` times what its decodes take alone, in 99 of 100 cases: the target
//   is that far below the factor as steps have turned out longer than predicted (CostModel::spread());
// - a prompt's first token. The longer a prompt has been computed, the more of a step it may take: from a third of
//   `patience` on the factor rises until, at `patience`, it is `factor_max`. What rises evenly is the prompt's part of
//   the step, 1 - 1/factor, so its speed.
// Streams may ask for less (max_itl). That binds the prompts of the same tenant down to a part of kLeastPart of a step,
// and takes from other tenants' prompts at most a tenth of what they would get; neither goes below the floor.
// Threads: any; pure functions.
#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <cstdint>
#include <span>

namespace quern::sched::policy {

struct PaceLimits {
  double target_s = 0;      // of a step, instead of `factor` times its decodes; 0: by the factor
  double factor = 2;        // above 1
  double factor_max = 4;    // at least factor; equal: a prompt's age does not count
  double patience_s = 120;  // above 0
  double floor_s = 0;       // no stream may ask for less; 0: what the decodes take alone
};

// A part of a step that prompts keep whatever the streams of their own tenant ask for.
inline constexpr double kLeastPart = 0.1;
// What streams of other tenants leave of a prompt's time.
inline constexpr double kPartLeftByOthers = 0.9;

struct StrictStream {  // one that decodes and asked for max_itl
  std::uint32_t tenant = 0;
  double max_itl_s = 0;
};

// What the step may take beside a prompt of this age that nobody's max_itl concerns. decodes_s: what the decodes take
// alone; spread: CostModel::spread().
double step_target(const PaceLimits& limits, double decodes_s, double spread, double age_s) noexcept;

// The same for a prompt of `tenant`, with what the streams ask for.
double step_target(const PaceLimits& limits, double decodes_s, double spread, double age_s, std::uint32_t tenant,
                   std::span<const StrictStream> streams) noexcept;

}  // namespace quern::sched::policy
