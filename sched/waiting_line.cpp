#include "sched/waiting_line.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched {

bool more_urgent(const Sequence& a, const Sequence& b) noexcept {
  if (a.request().priority != b.request().priority) return a.request().priority > b.request().priority;
  if (&a.tenant() != &b.tenant() && a.tenant().served != b.tenant().served) {
    return a.tenant().served < b.tenant().served;
  }
  return a.generation().id < b.generation().id;
}

void WaitingLine::enqueue(std::unique_ptr<Sequence> sequence) noexcept {
  QUERN_ASSERT(line_.size() < line_.capacity());
  line_.push_back(std::move(sequence));
}

Sequence* WaitingLine::head() const noexcept {
  const auto it = std::ranges::min_element(line_, [](const auto& a, const auto& b) { return more_urgent(*a, *b); });
  return it == line_.end() ? nullptr : it->get();
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
