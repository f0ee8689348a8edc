// The two-sided target as the options say it. Threads: any; a pure function.
#pragma once

#include "sched/policy/pace.hpp"
#include "sched/scheduler.hpp"

#include <algorithm>

namespace quern::sched {

inline policy::PaceLimits pace_limits(const SchedulerLimits& limits) noexcept {
  return {.target_s = limits.itl_target_ms / 1000.0,
          .factor = limits.itl_factor,
          .factor_max = std::max(limits.itl_factor_max, limits.itl_factor),
          .patience_s = std::max(to_seconds(limits.prompt_patience), 0.001),
          .floor_s = limits.itl_floor_ms / 1000.0};
}

}  // namespace quern::sched
