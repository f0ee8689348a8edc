#include "models/remote/remote_desk.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace quern::models {
namespace {

// Far from those of schedulers, which count from 1, and exact in JSON.
std::atomic<sched::RequestId> next_remote_id{sched::RequestId{1} << 40};

}  // namespace

Result<sched::RequestId> RemoteDesk::enter(const TaskHead& head, std::uint32_t max_tokens) {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (draining_) return fail(Errc::draining, "the server is shutting down");
  if (running_.size() >= upstream.max_running) {
    ++counts_.rejected;
    return fail(Errc::overloaded, "{} requests are at {} already", running_.size(), upstream.name());
  }
  if (!breaker_.allow(now)) {
    ++counts_.rejected;
    return fail(Errc::io, "{} keeps failing: it is asked again in {:.0f} s", upstream.name(),
                std::max(1.0, to_seconds(breaker_.rest(now))));
  }
  ++n_asked_;
  const sched::RequestId id = next_remote_id.fetch_add(1, std::memory_order_relaxed);
  Entry& entry = running_[id];
  entry.entered = now;
  entry.status.id = id;
  entry.status.state = sched::RequestState::prefill;
  entry.status.label = fmt::format("{} -> {}", head.label, upstream.name());
  entry.status.tenant = head.tenant;
  entry.status.priority = head.priority;
  entry.status.max_tokens = max_tokens;
  return id;
}

void RemoteDesk::set_cancel(sched::RequestId id, std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  if (const auto found = running_.find(id); found != running_.end()) found->second.cancel = std::move(cancel);
}

void RemoteDesk::note_begun(sched::RequestId id) {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end() || std::exchange(found->second.has_begun, true)) return;
  found->second.begun = now;
  found->second.status.state = sched::RequestState::decode;
}

void RemoteDesk::note_usage(sched::RequestId id, std::uint64_t n_prompt, std::uint64_t n_cached,
                            std::uint64_t n_generated) {
  const auto fitting = [](std::uint64_t n) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, UINT32_MAX));
  };
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  sched::RequestStatus& status = found->second.status;
  status.n_prompt = status.n_prefilled = fitting(n_prompt);
  status.n_cached = fitting(n_cached);
  status.n_generated = fitting(n_generated);
}

void RemoteDesk::settle(sched::RequestId, UpstreamOutcome outcome, std::optional<Duration> retry_after) {
  const TimePoint now = clock_.now();
  bool open = false;
  {
    const std::lock_guard lock(mutex_);
    switch (outcome) {
      case UpstreamOutcome::answered:
        breaker_.succeeded();
        break;
      case UpstreamOutcome::failed:
        ++n_failed_;
        breaker_.failed(now);
        break;
      case UpstreamOutcome::refused:
        ++n_refused_;
        if (retry_after) retry_at_ = now + *retry_after;
        breaker_.gave_up();
        break;
      case UpstreamOutcome::left:
        breaker_.gave_up();
        break;
    }
    open = breaker_.state(now) != CircuitBreaker::State::closed && !draining_;
  }
  if (open && on_open_) on_open_();
}

void RemoteDesk::on_trouble(std::function<void()> open, std::function<void()> drained) {
  on_open_ = std::move(open);
  on_drained_ = std::move(drained);
}

RemoteDesk::Probe RemoteDesk::begin_probe() {
  constexpr std::chrono::seconds kWhileARequestTries{1};
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (draining_ || breaker_.state(now) == CircuitBreaker::State::closed) return {.closed = true};
  if (breaker_.allow(now)) return {.now = true};
  const Duration left = breaker_.rest(now);
  return {.wait = left > Duration::zero() ? left : kWhileARequestTries};
}

void RemoteDesk::end_probe(bool there) {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  ++n_probes_;
  if (there) {
    breaker_.succeeded();
  } else {
    breaker_.failed(now);
  }
}

void RemoteDesk::leave(sched::RequestId id, sched::FinishReason reason) {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  sched::RequestStatus status = at(found->second, now);
  running_.erase(found);
  status.state = sched::RequestState::finished;
  status.finish = reason;
  counts_.prompt_tokens += status.n_prompt;
  counts_.generated_tokens += status.n_generated;
  ++(reason == sched::FinishReason::stop        ? counts_.finished_stop
     : reason == sched::FinishReason::length    ? counts_.finished_length
     : reason == sched::FinishReason::cancelled ? counts_.finished_cancelled
     : reason == sched::FinishReason::timed_out ? counts_.finished_timed_out
                                                : counts_.finished_failed);
  ended_.push_front(std::move(status));
  if (ended_.size() > kMaxEnded) ended_.pop_back();
}

sched::RequestStatus RemoteDesk::at(const Entry& entry, TimePoint now) const {
  sched::RequestStatus out = entry.status;
  out.age_s = to_seconds(now - entry.entered);
  out.times.prefill = to_seconds((entry.has_begun ? entry.begun : now) - entry.entered);
  out.times.decode = entry.has_begun ? to_seconds(now - entry.begun) : 0;
  return out;
}

sched::RequestStatus RemoteDesk::status(sched::RequestId id) const {
  return request(id).value_or(sched::RequestStatus{.id = id, .state = sched::RequestState::finished});
}

std::optional<sched::RequestStatus> RemoteDesk::request(sched::RequestId id) const {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (const auto found = running_.find(id); found != running_.end()) return at(found->second, now);
  const auto ended = std::ranges::find(ended_, id, &sched::RequestStatus::id);
  return ended == ended_.end() ? std::nullopt : std::optional(*ended);
}

bool RemoteDesk::has_room(std::uint32_t) const noexcept {
  const std::lock_guard lock(mutex_);
  return running_.size() < upstream.max_running;
}

bool RemoteDesk::cancel(sched::RequestId id) noexcept {
  std::function<void()> hook;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found == running_.end()) return false;
    found->second.status.cancelled = true;
    hook = found->second.cancel;
  }
  if (hook) hook();
  return true;
}

void RemoteDesk::drain() noexcept {
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
  }
  try {
    if (on_drained_) on_drained_();
  } catch (...) {  // no memory: the probe's timer ends by itself
  }
}

Duration RemoteDesk::rest(TimePoint now) const noexcept {
  return std::max(breaker_.rest(now), retry_at_ ? *retry_at_ - now : Duration::zero());
}

sched::Snapshot RemoteDesk::snapshot() const {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  sched::Snapshot out = counts_;
  out.running = static_cast<std::uint32_t>(running_.size());
  out.max_running = upstream.max_running;
  out.expected_wait_s = std::max(0.0, to_seconds(rest(now)));
  out.draining = draining_;
  return out;
}

std::vector<sched::RequestStatus> RemoteDesk::requests() const {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  std::vector<sched::RequestStatus> out;
  for (const auto& [id, entry] : running_) out.push_back(at(entry, now));
  std::ranges::sort(out, {}, &sched::RequestStatus::id);
  return out;
}

std::vector<sched::RequestStatus> RemoteDesk::ended_requests() const {
  const std::lock_guard lock(mutex_);
  return {ended_.begin(), ended_.end()};
}

UpstreamStatus RemoteDesk::upstream_status() const {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  const CircuitBreaker::State state = breaker_.state(now);
  return {.name = upstream.name(),
          .kind = upstream_kind_name(upstream.kind),
          .state = state == CircuitBreaker::State::closed ? "closed"
                   : state == CircuitBreaker::State::open ? "open"
                                                          : "trying",
          .running = static_cast<std::uint32_t>(running_.size()),
          .asked = n_asked_,
          .failed = n_failed_,
          .refused = n_refused_,
          .probes = n_probes_,
          .rest_s = std::max(0.0, to_seconds(rest(now)))};
}

}  // namespace quern::models
