// Who goes before whom: higher priority, then the tenant that was served least, then who has been here longest.
// Threads: any; pure functions.
#pragma once

#include <cstdint>

namespace quern::sched::policy {

struct Urgency {
  std::int32_t priority = 0;
  std::uint32_t tenant = 0;  // Tenant::index
  double served = 0;         // Tenant::served
  std::uint64_t id = 0;      // grows with time
};

// Whether a should get a place, or keep it, rather than b.
constexpr bool more_urgent(const Urgency& a, const Urgency& b) noexcept {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.tenant != b.tenant && a.served != b.served) return a.served < b.served;
  return a.id < b.id;
}

// Every so many places that are given out, one goes to whoever has waited longest, whatever its priority and tenant,
// once it has waited kPatientAge_s. So nobody starves: who waits that long with n older ones before it has its place
// after kOldestTurn * (n + 1) others at the latest.
inline constexpr std::uint32_t kOldestTurn = 8;
inline constexpr double kPatientAge_s = 30;

}  // namespace quern::sched::policy
