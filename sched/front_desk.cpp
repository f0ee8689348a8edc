#include "sched/front_desk.hpp"

#include "base/assert.hpp"
#include "sched/ticket.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include <pthread.h>

namespace quern::sched {
namespace {

// Places of which each tenant may hold its share, and those beyond them that are kept for tenants that hold less.
std::uint32_t n_places(const SchedulerLimits& limits) noexcept {
  return std::min(limits.queue_capacity + limits.max_running, SubmissionQueue::kMaxCapacity);
}
std::uint32_t n_all_places(const SchedulerLimits& limits) noexcept {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::uint64_t{n_places(limits)} + limits.queue_capacity, SubmissionQueue::kMaxCapacity));
}

// Gives a place back unless the request is on its way.
class PlaceGuard {
 public:
  explicit PlaceGuard(TenantPlaces& places) : places_(&places) {}
  PlaceGuard(const PlaceGuard&) = delete;
  ~PlaceGuard() {
    if (places_ != nullptr) places_->leave();
  }
  void release() noexcept { places_ = nullptr; }

 private:
  TenantPlaces* places_;
};

}  // namespace

FrontDesk::FrontDesk(const Clock& clock, const SchedulerLimits& limits, Conductor& conductor)
    : clock_(clock),
      conductor_(conductor),
      seat_(conductor),
      stream_capacity_(limits.stream_capacity),
      places_(n_places(limits), limits.tenant_weights),
      queue_(n_all_places(limits)) {}

Result<Ticket> FrontDesk::admit(GenerateRequest request, const boost::asio::any_io_executor& executor,
                                const std::function<Status(const GenerateRequest&)>& check,
                                const std::function<void(Generation&)>& prepare) {
  if (stats_.draining.load(std::memory_order_seq_cst)) return fail(Errc::draining, "shutting down: no new requests");
  QUERN_CHECK(check(request));
  std::shared_ptr<TenantPlaces> held = places_.enter(request.tenant, queue_.size(), request.tenant_weight);
  // The queue itself has room for some more: those of tenants that hold less than their share (TenantPlaces).
  if (!held) {
    return fail(Errc::overloaded, "{} requests are running or waiting, the queue holds no more", places_.capacity());
  }
  PlaceGuard guard(*held);
  auto generation = std::make_shared<Generation>();
  generation->id = conductor_.next_id();
  generation->submitted = clock_.now();
  generation->times.start(generation->submitted);
  generation->request = std::move(request);
  prepare(*generation);
  generation->stream = std::make_shared<TokenStream>(stream_capacity_, executor, signal_);
  auto ticket = std::make_unique<Ticket::Impl>(std::move(generation), table_, signal_);
  ticket->generation->places = held;
  if (!queue_.push(ticket->generation)) {
    return fail(Errc::overloaded, "{} requests are running or waiting, the queue holds no more", queue_.size());
  }
  guard.release();
  signal_->raise();
  return Ticket(std::move(ticket));
}

Result<Ticket> FrontDesk::submit(GenerateRequest request, const boost::asio::any_io_executor& executor,
                                 const std::function<Status(const GenerateRequest&)>& check,
                                 const std::function<void(Generation&)>& prepare) {
  // Counted before draining is looked at, as drained() looks at them in the other order: it cannot miss this request.
  stats_.live.fetch_add(1, std::memory_order_seq_cst);
  const auto submit = [&]() -> Result<Ticket> {
    try {
      return admit(std::move(request), executor, check, prepare);
    } catch (const std::bad_alloc&) {
      return fail(Errc::overloaded, "out of memory for one more request");
    } catch (const std::exception& e) {
      return fail(Errc::io, "request could not be prepared: {}", e.what());
    }
  };
  Result<Ticket> ticket = submit();
  if (!ticket) {
    stats_.rejected.fetch_add(1, std::memory_order_relaxed);
    stats_.live.fetch_sub(1, std::memory_order_seq_cst);
  }
  return ticket;
}

void FrontDesk::start(std::function<void(const std::atomic<bool>&)> loop) {
  QUERN_ASSERT(!thread_.joinable());
  thread_ = std::thread([this, loop = std::move(loop)] {
    pthread_setname_np(pthread_self(), "quern-engine");
    loop(stopping_);
  });
}

void FrontDesk::stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  // The flags make a step that runs at this moment drop its rows.
  table_->cancel_all();
  signal_->raise();
  if (thread_.joinable()) thread_.join();
}

bool FrontDesk::cancel(RequestId id) noexcept {
  const std::shared_ptr<Generation> generation = table_->find(id);
  return generation && cancel_generation(*generation, *signal_);
}

bool FrontDesk::drained() const noexcept {
  return stats_.draining.load(std::memory_order_seq_cst) && stats_.live.load(std::memory_order_seq_cst) == 0;
}

Duration FrontDesk::stalled(std::uint64_t backend_progress) const {
  const bool busy = stats_.busy.load(std::memory_order_relaxed);
  const std::uint64_t mark = stats_.progress.load(std::memory_order_relaxed) + backend_progress;
  return stall_watch_.look(clock_.now(), busy, mark);
}

Snapshot FrontDesk::snapshot(std::uint64_t backend_progress) const {
  constexpr auto relaxed = std::memory_order_relaxed;
  const Stats& stats = stats_;
  const std::uint32_t all = queue_.size();
  Snapshot out;
  out.running = stats.running.load(relaxed);
  out.queued = all > out.running ? all - out.running : 0;
  out.parked = stats.parked.load(relaxed);
  out.prompt_tokens = stats.prompt_tokens.load(relaxed);
  out.generated_tokens = stats.generated_tokens.load(relaxed);
  out.forced_tokens = stats.forced_tokens.load(relaxed);
  out.steps = stats.steps.load(relaxed);
  out.finished_stop = stats.finished_stop.load(relaxed);
  out.finished_length = stats.finished_length.load(relaxed);
  out.finished_cancelled = stats.finished_cancelled.load(relaxed);
  out.finished_failed = stats.finished_failed.load(relaxed);
  out.finished_timed_out = stats.finished_timed_out.load(relaxed);
  out.finished_refused = stats.finished_refused.load(relaxed);
  out.preemptions = stats.preemptions.load(relaxed);
  out.cache_queries = stats.cache_queries.load(relaxed);
  out.cached_tokens = stats.cached_tokens.load(relaxed);
  out.expected_wait_s = stats.expected_wait_s.load(relaxed);
  out.stalled_s = to_seconds(stalled(backend_progress));
  out.rejected = stats.rejected.load(relaxed);
  out.time_to_first_token_s = stats.time_to_first_token.read();
  out.inter_token_s = stats.inter_token.read();
  out.step_s = stats.step.read();
  out.queue_s = stats.queue.read();
  out.e2e_s = stats.e2e.read();
  out.prefill_s = stats.prefill.read();
  out.decode_s = stats.decode.read();
  out.draining = stats.draining.load(relaxed);
  return out;
}

std::vector<RequestStatus> FrontDesk::requests() const {
  const TimePoint now = clock_.now();
  std::vector<RequestStatus> out;
  for (const auto& generation : table_->all()) {
    RequestStatus status = generation->status(now);
    if (status.state != RequestState::finished) out.push_back(std::move(status));
  }
  return out;
}

}  // namespace quern::sched
