// The list of stages, and the way from a name or enumerator to one. Threads: const data, any.
#pragma once

#include "base/result.hpp"
#include "engine/sampling/stage.hpp"

#include <span>
#include <string_view>

namespace quern::engine::sampling {

struct StageRow {
  Stage stage;
  const char* name;
  bool keeps_best;  // the best candidate before is the best one after: greedy decoding may skip it at the end
  bool chooses;     // it says which tokens stay: mirostat does that itself
  bool (*active)(const SamplingParams& params) noexcept;  // false: it would change nothing
  void (*apply)(Candidates& c, Sequence& s);
};

std::span<const StageRow> stage_rows() noexcept;  // in the order of enum Stage
const StageRow& stage_row(Stage stage) noexcept;

// Also takes the names other servers use: temp, typ_p, typical_p. Errors: bad_input, naming the ones there are.
Result<Stage> stage_from_name(std::string_view name);

// Applies one stage if it is active.
void apply_stage(Stage stage, Candidates& candidates, Sequence& sequence);

}  // namespace quern::engine::sampling
