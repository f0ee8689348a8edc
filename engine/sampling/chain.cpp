#include "engine/sampling/chain.hpp"

#include "base/assert.hpp"

#include <array>
#include <string>
#include <utility>

namespace quern::engine::sampling {
namespace {

using Params = SamplingParams;

bool penalizes(const Params& p) noexcept {
  const bool repeats = p.repeat_last_n != 0 && p.repeat_penalty != 1.0f;
  return repeats || p.frequency_penalty != 0.0f || p.presence_penalty != 0.0f;
}
bool dries(const Params& p) noexcept {
  return p.dry_multiplier != 0.0f && p.dry_base >= 1.0f && p.dry_penalty_last_n != 0;
}
bool heats(const Params& p) noexcept {
  return p.temperature != 1.0f || p.dynatemp_range > 0.0f;
}

constexpr std::array kRows{
    StageRow{Stage::logit_bias, "logit_bias", false, false,
             [](const Params& p) noexcept { return !p.logit_bias.empty(); }, &apply_logit_bias},
    StageRow{Stage::penalties, "penalties", false, false, &penalizes, &apply_penalties},
    StageRow{Stage::dry, "dry", false, false, &dries, &apply_dry},
    StageRow{Stage::top_n_sigma, "top_n_sigma", true, true,
             [](const Params& p) noexcept { return p.top_n_sigma > 0.0f; }, &apply_top_n_sigma},
    StageRow{Stage::top_k, "top_k", true, true, [](const Params& p) noexcept { return p.top_k > 0; }, &apply_top_k},
    StageRow{Stage::typical, "typical", false, true, [](const Params& p) noexcept { return p.typical_p < 1.0f; },
             &apply_typical},
    StageRow{Stage::top_p, "top_p", true, true, [](const Params& p) noexcept { return p.top_p < 1.0f; }, &apply_top_p},
    StageRow{Stage::min_p, "min_p", true, true, [](const Params& p) noexcept { return p.min_p > 0.0f; }, &apply_min_p},
    StageRow{Stage::xtc, "xtc", false, true,
             [](const Params& p) noexcept { return p.xtc_probability > 0.0f && p.xtc_threshold <= 0.5f; }, &apply_xtc},
    StageRow{Stage::temperature, "temperature", true, false, &heats, &apply_temperature},
};

constexpr bool rows_match_enum() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].stage) != i) return false;
  return true;
}
static_assert(rows_match_enum());

constexpr std::array<std::pair<std::string_view, Stage>, 3> kAliases{{
    {"temp", Stage::temperature},
    {"typ_p", Stage::typical},
    {"typical_p", Stage::typical},
}};

}  // namespace

std::span<const StageRow> stage_rows() noexcept {
  return kRows;
}

const StageRow& stage_row(Stage stage) noexcept {
  const auto index = static_cast<std::size_t>(stage);
  QUERN_ASSERT(index < kRows.size());
  return kRows[index];
}

Result<Stage> stage_from_name(std::string_view name) {
  for (const StageRow& row : kRows)
    if (name == row.name) return row.stage;
  for (const auto& [alias, stage] : kAliases)
    if (name == alias) return stage;
  std::string names;
  for (const StageRow& row : kRows) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return fail(Errc::bad_input, "unknown sampling stage \"{}\", expected one of {}", name.substr(0, 40), names);
}

void apply_stage(Stage stage, Candidates& candidates, Sequence& sequence) {
  const StageRow& row = stage_row(stage);
  if (row.active(sequence.params)) row.apply(candidates, sequence);
}

}  // namespace quern::engine::sampling
