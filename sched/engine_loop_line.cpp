// EngineLoop's side of the waiting line: who joins it, who leaves it without a place, and how long it is.
#include "sched/engine_loop.hpp"
#include "sched/log_exception.hpp"
#include "sched/tenant_places.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace quern::sched {
namespace {

// A limit is taken for one that cannot be met if the forecast is so much later: it is no promise.
constexpr double kForecastMargin = 1.25, kForecastMargin_s = 0.05;
// How often the wait of a new request is computed while somebody waits, and how far ahead.
constexpr std::chrono::milliseconds kWaitInterval{250};
constexpr double kWaitHorizon_s = 600;
constexpr std::uint32_t kTypicalPrompt = 256;

}  // namespace

void EngineLoop::take_submissions() noexcept {
  const std::size_t n_before = residents_.line().all().size();
  while (const std::shared_ptr<Generation> generation = parts_.queue.pop()) {
    try {
      residents_.enqueue(generation);
    } catch (...) {
      log_current_exception("a request could not be taken");
      finish_generation(*generation, {.finish = FinishReason::failed});
    }
  }
  if (residents_.line().all().size() == n_before) return;
  refuse_hopeless(n_before);
  make_places();
}

// More were let in than the queue holds, since their tenants hold less than their share: the newest of whoever holds
// most have to go.
void EngineLoop::make_places() noexcept {
  const std::uint64_t capacity = std::uint64_t{limits_.queue_capacity} + limits_.max_running;
  while (parts_.queue.size() > capacity) {
    const auto held = [](const Sequence& s) { return s.tenant().n_requests / s.tenant().weight; };
    Sequence* newest = nullptr;
    for (const auto& sequence : residents_.line().all()) {
      if (sequence->state() != RequestState::queued) continue;
      const bool later = newest == nullptr || held(*sequence) > held(*newest) ||
                         (held(*sequence) == held(*newest) && sequence->generation().id > newest->generation().id);
      if (later) newest = sequence.get();
    }
    if (newest == nullptr) return;
    refuse(*newest, share_refusal(newest->tenant().n_requests));
  }
}

// Those that just came and want a place, or their first token, sooner than it can be.
void EngineLoop::refuse_hopeless(std::size_t first_new) noexcept {
  try {
    std::vector<Sequence*> limited;
    const auto& all = residents_.line().all();
    for (std::size_t i = first_new; i < all.size(); ++i) {
      if (all[i]->request().deadline || all[i]->request().max_queue) limited.push_back(all[i].get());
    }
    const TimePoint now = parts_.clock.now();
    for (Sequence* const sequence : limited) {
      const auto left = [&](const std::optional<Duration>& limit) {
        return limit ? to_seconds(sequence->generation().submitted + *limit - now) : policy::Forecast::kNever;
      };
      const double to_start = left(sequence->request().max_queue), to_end = left(sequence->request().deadline);
      const double horizon = std::min(to_start, to_end) * kForecastMargin + kForecastMargin_s;
      policy::Lineup line = residents_.lineup(typical_answer_);
      line.max_tokens_per_step = parts_.backend.limits().max_tokens_per_step;
      const policy::Forecast found =
          policy::forecast(std::move(line), cost_, pace_, sequence->generation().id, horizon);
      if (!found.known) continue;
      const bool late_start = found.starts_s > to_start * kForecastMargin + kForecastMargin_s;
      const bool late_token = found.first_token_s > to_end * kForecastMargin + kForecastMargin_s;
      if (!late_start && !late_token) continue;
      const std::size_t n_ahead = residents_.line().all().size() - 1 + residents_.running().size();
      refuse(*sequence, fmt::format("{} is {:.1f} s, and {} other requests are running or waiting: it would {} later",
                                    late_start ? "max_queue_ms" : "deadline_ms", late_start ? to_start : to_end,
                                    n_ahead, late_start ? "begin" : "have its first token"));
    }
  } catch (...) {
    log_current_exception("no forecast");  // they wait, and end when their time has passed
  }
}

// What a new request of usual size and no special priority would wait for its place: for Retry-After.
void EngineLoop::publish_wait(TimePoint now) noexcept {
  if (residents_.line().empty()) {
    parts_.stats.expected_wait_s.store(0, std::memory_order_relaxed);
    return;
  }
  if (wait_known_at_ != TimePoint{} && now - wait_known_at_ < kWaitInterval) return;
  wait_known_at_ = now;
  try {
    policy::Lineup line = residents_.lineup(typical_answer_);
    line.max_tokens_per_step = parts_.backend.limits().max_tokens_per_step;
    policy::Player newcomer{.n_known = kTypicalPrompt,
                            .n_answer = static_cast<std::uint32_t>(std::max(typical_answer_, 1.0))};
    newcomer.urgency = {.tenant = static_cast<std::uint32_t>(line.tenant_weights.size()), .id = UINT64_MAX};
    double served = policy::Forecast::kNever;
    for (const auto* players : {&line.running, &line.waiting}) {
      for (const policy::Player& player : *players) served = std::min(served, player.urgency.served);
    }
    newcomer.urgency.served = served;
    line.tenant_weights.push_back(1);
    line.waiting.push_back(newcomer);
    const policy::Forecast found = policy::forecast(std::move(line), cost_, pace_, UINT64_MAX, kWaitHorizon_s);
    const double wait = found.known ? std::min(found.starts_s, kWaitHorizon_s) : 1;
    parts_.stats.expected_wait_s.store(wait, std::memory_order_relaxed);
  } catch (...) {
    log_current_exception("no forecast");
  }
}

void EngineLoop::end_late() noexcept {
  const TimePoint now = parts_.clock.now();
  while (const auto sequence = residents_.line().take_if([now](const Sequence& s) { return s.timed_out(now); })) {
    finish_waiting(*sequence, FinishReason::timed_out);
  }
  for (const auto& sequence : residents_.running()) {
    if (sequence->timed_out(now)) finish(*sequence, {.finish = FinishReason::timed_out});
  }
}

// One that waits.
void EngineLoop::refuse(Sequence& sequence, std::string why) noexcept {
  const std::unique_ptr<Sequence> refused = residents_.line().take(sequence);
  refused->generation().refusal = std::move(why);
  finish_waiting(*refused, FinishReason::refused);
}

}  // namespace quern::sched
