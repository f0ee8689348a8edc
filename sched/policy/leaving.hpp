// Who may have to give its place to the head of the line, and who of several has to first:
// - one whose reader does not read (parked): before all others, and for anybody, since it cannot go on;
// - one of lower priority;
// - one of the same priority, of a tenant that runs more than its share of places.
// Threads: any; pure functions.
#pragma once

#include "sched/policy/urgency.hpp"

namespace quern::sched::policy {

struct PlaceHolder {
  Urgency urgency;
  double share = 0;     // places that its tenant holds, by weight; of a head: with the one that it asks for
  bool parked = false;  // its reader does not read
  bool kept = false;    // got its place because it had waited longest: nobody takes it away unless it is parked
};

inline bool may_leave(const PlaceHolder& holder, const PlaceHolder& head) noexcept {
  if (holder.parked) return true;
  // Who is more urgent than the head would take the place back at once.
  if (holder.kept || !more_urgent(head.urgency, holder.urgency)) return false;
  if (holder.urgency.priority < head.urgency.priority) return true;
  return holder.urgency.tenant != head.urgency.tenant && holder.share > head.share;
}

inline bool leaves_before(const PlaceHolder& a, const PlaceHolder& b) noexcept {
  if (a.parked != b.parked) return a.parked;
  if (a.urgency.priority != b.urgency.priority) return a.urgency.priority < b.urgency.priority;
  return a.share != b.share ? a.share > b.share : a.urgency.id > b.urgency.id;
}

}  // namespace quern::sched::policy
