// Writes the batcher's choice as the flat arrays of a StepPlan. Threads: engine thread. No allocation once
// reserve_plan() has been called with the backend's limits.
#pragma once

#include "engine/backend.hpp"
#include "engine/step_plan.hpp"
#include "sched/batcher.hpp"
#include "sched/sequence.hpp"

#include <span>

namespace quern::sched {

void reserve_plan(engine::StepPlan& plan, const engine::BackendLimits& limits, std::uint32_t page_tokens);

// sequences: the batcher's inputs, same indexes. REQUIRES: they have the pages that their tokens need.
// plan.pages_max becomes the longest page list of this step, so short sequences do not pay for the longest context.
void build_plan(std::span<const BatchShare> shares, std::span<Sequence* const> sequences,
                engine::StepPlan& plan) noexcept;

}  // namespace quern::sched
