#include "sched/settle.hpp"

namespace quern::sched {

void settle(Generation& generation, const TokenEvent& last, SubmissionQueue& queue, Stats& stats,
            TimePoint now) noexcept {
  queue.release_place();
  generation.sampler.reset();
  generation.constraint.reset();
  generation.finish.store(last.finish, std::memory_order_relaxed);
  generation.state.store(RequestState::finished, std::memory_order_release);
  stats.count_finish(last.finish);
  const RequestTimes times = generation.times.read(RequestState::finished, now);
  stats.e2e.observe(now - generation.submitted);
  stats.prefill.observe_seconds(times.prefill);
  stats.decode.observe_seconds(times.decode);
  if (generation.places) generation.places->leave();
  generation.stream->finish(last);
  stats.live.fetch_sub(1, std::memory_order_seq_cst);
}

}  // namespace quern::sched
