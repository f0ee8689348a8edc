// The end of a task: the one place where its counters, its place and its last event are settled.
// Threads: the engine thread that runs it.
#pragma once

#include "sched/generation.hpp"
#include "sched/stats.hpp"
#include "sched/submission_queue.hpp"

namespace quern::sched {

// The owner reads `last` after everything else is true. REQUIRES: once for each generation.
void settle(Generation& generation, const TokenEvent& last, SubmissionQueue& queue, Stats& stats,
            TimePoint now) noexcept;

}  // namespace quern::sched
