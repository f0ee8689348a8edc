// An upstream at work: who is there now, who was, how it has been doing, whether it is asked at all. What a
// RemoteGenerator or RemoteEmbedder is for operators and metrics. Threads: any, under its own lock. Ownership: shared
// with the requests that are under way.
#pragma once

#include "base/clock.hpp"
#include "models/remote/circuit_breaker.hpp"
#include "models/remote/upstream.hpp"
#include "models/task.hpp"
#include "models/task_queue.hpp"
#include "net/http_client.hpp"
#include "sched/request.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace quern::models {

// How a request has gone, for the breaker and the counters.
enum class UpstreamOutcome : std::uint8_t { answered, failed, refused, left };

class RemoteDesk {
 public:
  static constexpr std::size_t kMaxEnded = 256;  // that are remembered

  RemoteDesk(std::shared_ptr<quern::net::HttpClient> client, Upstream where, const Clock& clock,
             BreakerRules rules = {})
      : http(std::move(client)), upstream(std::move(where)), clock_(clock), breaker_(rules) {}

  const std::shared_ptr<quern::net::HttpClient> http;
  const Upstream upstream;

  // A new request. Errors: draining; overloaded: too many at once; io: the upstream keeps failing and is left alone.
  Result<sched::RequestId> enter(const TaskHead& head, std::uint32_t max_tokens);
  void set_cancel(sched::RequestId id, std::function<void()> cancel);
  void note_begun(sched::RequestId id);
  void note_usage(sched::RequestId id, std::uint64_t n_prompt, std::uint64_t n_cached, std::uint64_t n_generated);
  // Once for each that has entered. retry_after: as the upstream says, of one that is refused.
  void settle(sched::RequestId id, UpstreamOutcome outcome, std::optional<Duration> retry_after = {});
  void leave(sched::RequestId id, sched::FinishReason reason);

  sched::RequestStatus status(sched::RequestId id) const;  // also of one that has ended

  // Called when the upstream is left alone from now on, and when the desk is drained; not under the lock. Once, before
  // the first request.
  void on_trouble(std::function<void()> open, std::function<void()> drained);
  struct Probe {
    bool closed = false;  // nothing is wrong any more
    bool now = false;     // it may be asked: end_probe() has to follow
    Duration wait{};      // until the next look
  };
  Probe begin_probe();
  void end_probe(bool there);

  // As a TaskQueue.
  bool has_room(std::uint32_t n) const noexcept;
  bool cancel(sched::RequestId id) noexcept;
  void drain() noexcept;
  sched::Snapshot snapshot() const;
  std::vector<sched::RequestStatus> requests() const;
  std::vector<sched::RequestStatus> ended_requests() const;
  std::optional<sched::RequestStatus> request(sched::RequestId id) const;
  UpstreamStatus upstream_status() const;

 private:
  struct Entry {
    sched::RequestStatus status;
    TimePoint entered{}, begun{};
    bool has_begun = false;
    std::function<void()> cancel;
  };
  sched::RequestStatus at(const Entry& entry, TimePoint now) const;
  Duration rest(TimePoint now) const noexcept;

  const Clock& clock_;
  std::function<void()> on_open_, on_drained_;
  mutable std::mutex mutex_;  // of all below
  CircuitBreaker breaker_;
  std::optional<TimePoint> retry_at_;
  std::unordered_map<sched::RequestId, Entry> running_;
  std::deque<sched::RequestStatus> ended_;  // the newest first
  sched::Snapshot counts_;
  std::uint64_t n_asked_ = 0, n_failed_ = 0, n_refused_ = 0, n_probes_ = 0;
  bool draining_ = false;
};

// The part of TaskQueue that all remote ones have in common.
template <class Base>
class RemoteQueue : public Base {
 public:
  explicit RemoteQueue(std::shared_ptr<RemoteDesk> desk) noexcept : desk_(std::move(desk)) {}

  bool has_room(std::uint32_t n) const noexcept final { return desk_->has_room(n); }
  bool cancel(sched::RequestId id) noexcept final { return desk_->cancel(id); }
  void drain() noexcept final { desk_->drain(); }
  sched::Snapshot snapshot() const final { return desk_->snapshot(); }
  Duration stalled() const final { return Duration::zero(); }  // silence ends what waits
  std::vector<sched::RequestStatus> requests() const final { return desk_->requests(); }
  std::vector<sched::RequestStatus> ended_requests() const final { return desk_->ended_requests(); }
  std::optional<sched::RequestStatus> request(sched::RequestId id) const final { return desk_->request(id); }
  std::vector<UpstreamStatus> upstreams() const final { return {desk_->upstream_status()}; }

 protected:
  const std::shared_ptr<RemoteDesk> desk_;
};

}  // namespace quern::models
