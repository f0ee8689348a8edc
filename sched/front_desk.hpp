// What every scheduler has, whatever its engine computes: the way in (places, the queue), what is known of its
// requests, its counters and its thread. Threads: all public functions from any, unless said. Ownership: shares signal
// and table with tickets, which may outlive it.
#pragma once

#include "base/clock.hpp"
#include "sched/conductor.hpp"
#include "sched/engine_signal.hpp"
#include "sched/request_table.hpp"
#include "sched/scheduler.hpp"
#include "sched/stall_watch.hpp"
#include "sched/stats.hpp"
#include "sched/submission_queue.hpp"
#include "sched/tenant_places.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

namespace quern::sched {

class FrontDesk {
 public:
  FrontDesk(const Clock& clock, const SchedulerLimits& limits, Conductor& conductor);
  ~FrontDesk() { stop(); }

  // A request on its way to the engine. check: whether it can be served at all; prepare: what the engine needs besides,
  // once it is known to have a place. Both may throw. Errors: those of check; overloaded (no place, no memory),
  // draining, io (what prepare threw).
  Result<Ticket> submit(GenerateRequest request, const boost::asio::any_io_executor& executor,
                        const std::function<Status(const GenerateRequest&)>& check,
                        const std::function<void(Generation&)>& prepare);

  // Once. The thread runs `loop` until `stopping` is true and the signal was raised.
  void start(std::function<void(const std::atomic<bool>& stopping)> loop);
  void stop() noexcept;  // cancels what is left and joins the thread. Twice is fine

  bool has_room(std::uint32_t n) const noexcept { return std::uint64_t{queue_.size()} + n <= places_.capacity(); }
  bool cancel(RequestId id) noexcept;
  void drain() noexcept { stats_.draining.store(true, std::memory_order_seq_cst); }
  bool drained() const noexcept;

  // Counters and times, without what is about pages. backend_progress: see engine::Backend::progress().
  Snapshot snapshot(std::uint64_t backend_progress) const;
  Duration stalled(std::uint64_t backend_progress) const;
  std::vector<RequestStatus> requests() const;  // that run or wait
  std::vector<RequestStatus> ended_requests() const { return table_->ended(); }
  std::optional<RequestStatus> request(RequestId id) const { return table_->status(id, clock_.now()); }

  // For the engine.
  const Clock& clock() const noexcept { return clock_; }
  SubmissionQueue& queue() noexcept { return queue_; }
  EngineSignal& signal() noexcept { return *signal_; }
  Stats& stats() noexcept { return stats_; }
  Conductor::Seat& seat() noexcept { return seat_; }

 private:
  Result<Ticket> admit(GenerateRequest request, const boost::asio::any_io_executor& executor,
                       const std::function<Status(const GenerateRequest&)>& check,
                       const std::function<void(Generation&)>& prepare);

  const Clock& clock_;
  Conductor& conductor_;
  Conductor::Seat seat_;
  const std::uint32_t stream_capacity_;
  const std::shared_ptr<EngineSignal> signal_ = std::make_shared<EngineSignal>();
  const std::shared_ptr<RequestTable> table_ = std::make_shared<RequestTable>();
  Stats stats_;
  mutable StallWatch stall_watch_;
  PlaceTable places_;
  SubmissionQueue queue_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace quern::sched
