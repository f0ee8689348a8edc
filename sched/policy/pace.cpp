#include "sched/policy/pace.hpp"

#include <algorithm>

namespace quern::sched::policy {
namespace {

// The target may be this close to the decodes alone on a machine whose steps vary a lot, and no closer.
constexpr double kLeastFactor = 1.25;

double part_of(double factor) noexcept {
  return 1 - 1 / factor;
}

}  // namespace

double step_target(const PaceLimits& limits, double decodes_s, double spread, double age_s) noexcept {
  const double factor = std::max(limits.factor / std::max(spread, 1.0), std::min(kLeastFactor, limits.factor));
  const double young = limits.target_s > 0 ? limits.target_s : decodes_s * factor;
  const double from = limits.patience_s / 3;
  const double growth = std::clamp((age_s - from) / (limits.patience_s - from), 0.0, 1.0);
  if (growth == 0 || limits.factor_max <= limits.factor) return young;
  const double young_part = young > decodes_s ? 1 - decodes_s / young : 0;
  const double part = young_part + growth * (part_of(limits.factor_max) - young_part);
  return std::max(young, decodes_s / (1 - part));
}

double step_target(const PaceLimits& limits, double decodes_s, double spread, double age_s, std::uint32_t tenant,
                   std::span<const StrictStream> streams) noexcept {
  const double floor = limits.floor_s > 0 ? limits.floor_s : decodes_s;
  const double free = step_target(limits, decodes_s, spread, age_s);
  double target = free, others = free;
  for (const StrictStream& stream : streams) {
    const double asked = std::max(stream.max_itl_s, floor);
    (stream.tenant == tenant ? target : others) = std::min(stream.tenant == tenant ? target : others, asked);
  }
  // Its own tenant's streams leave it a part of the step, others' nearly all that a young prompt gets.
  target = std::max(target, std::min(free, decodes_s / (1 - kLeastPart)));
  const double young = std::min(free, step_target(limits, decodes_s, spread, 0));
  const double promised = young > decodes_s ? decodes_s + kPartLeftByOthers * (young - decodes_s) : young;
  return std::min(target, std::max(others, promised));
}

}  // namespace quern::sched::policy
