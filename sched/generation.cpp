#include "sched/generation.hpp"

namespace quern::sched {

RequestStatus Generation::status(TimePoint now) const {
  RequestStatus out;
  out.id = id;
  out.state = state.load(std::memory_order_acquire);
  if (out.state == RequestState::finished) out.finish = finish.load(std::memory_order_relaxed);
  out.label = request.label;
  out.n_prompt = embed ? embed->n_tokens : static_cast<std::uint32_t>(request.prompt.size());
  out.n_prefilled = n_prefilled.load(std::memory_order_relaxed);
  out.n_generated = n_generated.load(std::memory_order_relaxed);
  out.max_tokens = request.max_tokens;
  out.n_pages = n_pages.load(std::memory_order_relaxed);
  out.n_cached = n_cached.load(std::memory_order_relaxed);
  out.n_preemptions = n_preemptions.load(std::memory_order_relaxed);
  out.tenant = request.tenant;
  out.priority = request.priority;
  out.cancelled = cancelled.load(std::memory_order_acquire);
  out.times = times.read(out.state, now);
  const RequestTimes& t = out.times;
  out.age_s = t.queued + t.prefill + t.decode + t.parked + t.preempted;
  return out;
}

}  // namespace quern::sched
