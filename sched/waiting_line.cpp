#include "sched/waiting_line.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched {
namespace {

bool waits_aside(const Sequence& sequence) noexcept {
  return sequence.stuck() && !sequence.stream().has_room();
}

}  // namespace

policy::Urgency urgency_of(const Sequence& sequence) noexcept {
  return {.priority = sequence.request().priority,
          .tenant = sequence.tenant().index,
          .served = sequence.tenant().served,
          .id = sequence.generation().id};
}

bool more_urgent(const Sequence& a, const Sequence& b) noexcept {
  return policy::more_urgent(urgency_of(a), urgency_of(b));
}

void WaitingLine::enqueue(std::unique_ptr<Sequence> sequence) noexcept {
  QUERN_ASSERT(line_.size() < line_.capacity());
  line_.push_back(std::move(sequence));
}

Sequence* WaitingLine::most_urgent() const noexcept {
  Sequence* out = nullptr;
  for (const auto& sequence : line_) {
    if (waits_aside(*sequence)) continue;
    if (out == nullptr || more_urgent(*sequence, *out)) out = sequence.get();
  }
  return out;
}

Sequence* WaitingLine::due_by_age(TimePoint now) const noexcept {
  if (n_places_ % policy::kOldestTurn != policy::kOldestTurn - 1) return nullptr;
  Sequence* out = nullptr;
  for (const auto& sequence : line_) {
    if (waits_aside(*sequence)) continue;
    if (out == nullptr || sequence->generation().id < out->generation().id) out = sequence.get();
  }
  const bool due = out != nullptr && to_seconds(now - out->generation().submitted) >= policy::kPatientAge_s;
  return due ? out : nullptr;
}

std::unique_ptr<Sequence> WaitingLine::take(const Sequence& sequence) noexcept {
  const auto it = std::ranges::find_if(line_, [&](const auto& waiting) { return waiting.get() == &sequence; });
  QUERN_ASSERT(it != line_.end());
  std::unique_ptr<Sequence> out = std::move(*it);
  *it = std::move(line_.back());
  line_.pop_back();
  return out;
}

}  // namespace quern::sched
