#include "sched/scheduler.hpp"

#include "base/assert.hpp"
#include "engine/sampling/breaker_finder.hpp"
#include "sched/engine_loop.hpp"
#include "sched/request_check.hpp"
#include "sched/request_table.hpp"
#include "sched/stall_watch.hpp"
#include "sched/ticket.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include <pthread.h>

namespace quern::sched {
namespace {

// State pages of the arena that running sequences do not need.
std::uint32_t n_checkpoints(const kv::KvConfig& kv, const SchedulerLimits& limits) noexcept {
  return limits.prefix_cache && kv.n_state_pages > limits.max_running ? kv.n_state_pages - limits.max_running : 0;
}

SchedulerLimits clamped(SchedulerLimits limits, const engine::BackendLimits& backend, const kv::KvConfig& kv) {
  limits.queue_capacity = std::clamp(limits.queue_capacity, 1u, SubmissionQueue::kMaxCapacity);
  limits.max_running = std::min(limits.max_running, SubmissionQueue::kMaxCapacity);
  if (kv.n_state_pages > 0) limits.max_running = std::min(limits.max_running, kv.n_state_pages);
  limits.max_running = std::max(limits.max_running, 1u);
  // Pages of recurrent models are of use only with a copy of the state behind them.
  if (kv.n_state_pages > 0 && n_checkpoints(kv, limits) == 0) limits.prefix_cache = false;
  limits.prefill_tokens_per_step = std::max(limits.prefill_tokens_per_step, 1u);
  limits.stream_capacity = std::max(limits.stream_capacity, 1u);
  const std::uint64_t pages = limits.prefix_cache_bytes / std::max<std::uint64_t>(kv.page_bytes(), 1);
  limits.max_retained_pages = static_cast<std::uint32_t>(std::min<std::uint64_t>(limits.max_retained_pages, pages));
  limits.same_arithmetic = limits.same_arithmetic && backend.same_arithmetic;
  return limits;
}

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

struct Scheduler::Impl {
  Impl(engine::Backend& backend_in, kv::PageArena& arena, const engine::Tokenizer& tokenizer, const Clock& clock_in,
       const SchedulerLimits& limits_in)
      : backend(backend_in),
        clock(clock_in),
        limits(clamped(limits_in, backend_in.limits(), arena.config())),
        bounds{.n_vocab = backend_in.info().n_vocab,
               .max_context = backend_in.limits().max_context,
               .page_tokens = arena.config().page_tokens,
               .n_pages = arena.config().n_pages},
        breakers(tokenizer),
        pool(arena.config().n_pages),
        cache(pool, bounds.page_tokens),
        checkpoints(limits.max_running, n_checkpoints(arena.config(), limits), arena.config().n_pages),
        audit(make_audit(pool, bounds.page_tokens)),
        places(n_places(limits), limits.tenant_weights),
        queue(n_all_places(limits)),
        loop({backend_in, tokenizer, clock_in, queue, *signal, stats, audit.get()}, cache_parts(arena), limits,
             bounds.page_tokens) {
    if (!audit) return;
    pool.on_free = [this, &arena](kv::PageId page) {
      arena.poison(page);
      audit->freed(page);
    };
  }

  // Audit builds are those without NDEBUG: dev, asan, tsan.
  static std::unique_ptr<PageAudit> make_audit([[maybe_unused]] const kv::PagePool& pool,
                                               [[maybe_unused]] std::uint32_t page_tokens) {
#ifdef NDEBUG
    return nullptr;
#else
    return std::make_unique<PageAudit>(pool, page_tokens);
#endif
  }

  CacheParts cache_parts(kv::PageArena& arena) {
    return {.pool = pool,
            .cache = cache,
            .checkpoints = checkpoints,
            .copy_page =
                [this, &arena](kv::PageId from, kv::PageId to) {
                  arena.copy_page(from, to);
                  if (audit) audit->copied(from, to);
                },
            .copy_state =
                [&arena](kv::PageId from, kv::PageId to) {
                  if (arena.config().n_state_pages > 0) arena.copy_state(from, to);
                }};
  }
  Result<Ticket> submit(GenerateRequest request, const boost::asio::any_io_executor& executor);
  std::uint32_t n_waiting() const noexcept {
    const std::uint32_t all = queue.size(), running = stats.running.load(std::memory_order_relaxed);
    return all > running ? all - running : 0;
  }
  std::unique_ptr<Ticket::Impl> make_ticket(GenerateRequest request, std::uint32_t n_pages,
                                            const boost::asio::any_io_executor& executor);

  engine::Backend& backend;
  const Clock& clock;
  const SchedulerLimits limits;
  const RequestBounds bounds;
  const std::shared_ptr<EngineSignal> signal = std::make_shared<EngineSignal>();
  const std::shared_ptr<RequestTable> table = std::make_shared<RequestTable>();
  Stats stats;
  StallWatch stall_watch;
  engine::sampling::BreakerFinder breakers;
  kv::PagePool pool;
  kv::PrefixCache cache;
  kv::StateCheckpoints checkpoints;
  const std::unique_ptr<PageAudit> audit;  // empty: not an audit build
  PlaceTable places;
  SubmissionQueue queue;
  std::atomic<RequestId> next_id{1};
  std::atomic<bool> stop{false};
  EngineLoop loop;     // destroyed before what it refers to
  std::thread thread;  // joined by ~Scheduler
};

std::unique_ptr<Ticket::Impl> Scheduler::Impl::make_ticket(GenerateRequest request, std::uint32_t n_pages,
                                                           const boost::asio::any_io_executor& executor) {
  auto generation = std::make_shared<Generation>();
  generation->id = next_id.fetch_add(1, std::memory_order_relaxed);
  generation->submitted = clock.now();
  generation->times.start(generation->submitted);
  generation->n_pages_needed = n_pages;
  generation->sampler.emplace(request.sampling, bounds.n_vocab, breakers);
  generation->sampler->accept_prompt(request.prompt);
  generation->request = std::move(request);
  generation->stream = std::make_shared<TokenStream>(limits.stream_capacity, executor, signal);
  return std::make_unique<Ticket::Impl>(std::move(generation), table, signal);
}

Result<Ticket> Scheduler::Impl::submit(GenerateRequest request, const boost::asio::any_io_executor& executor) {
  if (stats.draining.load(std::memory_order_seq_cst)) return fail(Errc::draining, "shutting down: no new requests");
  QUERN_TRY(const std::uint32_t n_pages, check_request(request, bounds));
  std::shared_ptr<TenantPlaces> held = places.enter(request.tenant, queue.size());
  // The queue itself has room for some more: those of tenants that hold less than their share (TenantPlaces).
  if (!held) {
    return fail(Errc::overloaded, "{} requests are running or waiting, the queue holds no more", places.capacity());
  }
  PlaceGuard guard(*held);
  std::unique_ptr<Ticket::Impl> ticket = make_ticket(std::move(request), n_pages, executor);
  ticket->generation->places = held;
  if (!queue.push(ticket->generation)) {
    return fail(Errc::overloaded, "{} requests are running or waiting, the queue holds no more", queue.size());
  }
  guard.release();
  signal->raise();
  return Ticket(std::move(ticket));
}

Scheduler::Scheduler(engine::Backend& backend, kv::PageArena& arena, const engine::Tokenizer& tokenizer,
                     const Clock& clock, const SchedulerLimits& limits)
    : impl_(std::make_unique<Impl>(backend, arena, tokenizer, clock, limits)) {}

Scheduler::~Scheduler() {
  impl_->stop.store(true, std::memory_order_release);
  // The flags make forward() drop the rows of a step that runs at this moment.
  impl_->table->cancel_all();
  impl_->signal->raise();
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::uint64_t Scheduler::buffer_bytes(const engine::Backend& backend, const kv::KvConfig& kv) noexcept {
  const engine::BackendLimits& limits = backend.limits();
  const std::uint64_t logits = std::uint64_t{limits.max_logits_per_step} * backend.info().n_vocab * sizeof(float);
  const std::uint64_t cache = kv::PrefixCache::bytes(kv.n_pages, kv.page_tokens);
  const std::uint64_t pages =
      std::uint64_t{limits.max_seqs_per_step} * kv::pages_for(limits.max_context, kv.page_tokens) * sizeof(kv::PageId);
  return logits + cache + pages;
}

void Scheduler::start(std::function<void()> on_thread) {
  QUERN_ASSERT(!impl_->thread.joinable());
  impl_->thread = std::thread([impl = impl_.get(), on_thread = std::move(on_thread)] {
    pthread_setname_np(pthread_self(), "quern-engine");
    if (on_thread) on_thread();
    impl->loop.run(impl->stop);
  });
}

Result<Ticket> Scheduler::submit(GenerateRequest request, boost::asio::any_io_executor executor) {
  // Counted before draining is looked at, as drained() looks at them in the other order: it cannot miss this request.
  impl_->stats.live.fetch_add(1, std::memory_order_seq_cst);
  const auto submit = [&]() -> Result<Ticket> {
    try {
      return impl_->submit(std::move(request), executor);
    } catch (const std::bad_alloc&) {
      return fail(Errc::overloaded, "out of memory for one more request");
    } catch (const std::exception& e) {
      return fail(Errc::io, "request could not be prepared: {}", e.what());
    }
  };
  Result<Ticket> ticket = submit();
  if (!ticket) {
    impl_->stats.rejected.fetch_add(1, std::memory_order_relaxed);
    impl_->stats.live.fetch_sub(1, std::memory_order_seq_cst);
  }
  return ticket;
}

bool Scheduler::has_room(std::uint32_t n) const noexcept {
  return std::uint64_t{impl_->queue.size()} + n <= impl_->places.capacity();
}

bool Scheduler::cancel(RequestId id) noexcept {
  const std::shared_ptr<Generation> generation = impl_->table->find(id);
  return generation && cancel_generation(*generation, *impl_->signal);
}

void Scheduler::drain() noexcept {
  impl_->stats.draining.store(true, std::memory_order_seq_cst);
}

bool Scheduler::drained() const noexcept {
  return impl_->stats.draining.load(std::memory_order_seq_cst) &&
         impl_->stats.live.load(std::memory_order_seq_cst) == 0;
}

Duration Scheduler::stalled() const {
  const Stats& stats = impl_->stats;
  const bool busy = stats.busy.load(std::memory_order_relaxed);
  const std::uint64_t mark = stats.progress.load(std::memory_order_relaxed) + impl_->backend.progress();
  return impl_->stall_watch.look(impl_->clock.now(), busy, mark);
}

Snapshot Scheduler::snapshot() const {
  const Stats& stats = impl_->stats;
  constexpr auto relaxed = std::memory_order_relaxed;
  Snapshot out;
  out.queued = impl_->n_waiting();
  out.running = stats.running.load(relaxed);
  out.parked = stats.parked.load(relaxed);
  out.max_running = impl_->limits.max_running;
  out.kv_pages = impl_->pool.n_pages();
  out.kv_pages_free = impl_->pool.n_free();
  out.kv_pages_retained = impl_->pool.n_retained();
  out.kv_pages_reserved = impl_->pool.n_reserved();
  out.prompt_tokens = stats.prompt_tokens.load(relaxed);
  out.generated_tokens = stats.generated_tokens.load(relaxed);
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
  out.cache_pages = impl_->cache.n_listed();
  out.cache_evictions = impl_->cache.n_evicted();
  out.expected_wait_s = stats.expected_wait_s.load(relaxed);
  out.stalled_s = to_seconds(stalled());
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

std::vector<RequestStatus> Scheduler::requests() const {
  const TimePoint now = impl_->clock.now();
  std::vector<RequestStatus> out;
  for (const auto& generation : impl_->table->all()) {
    RequestStatus status = generation->status(now);
    if (status.state != RequestState::finished) out.push_back(std::move(status));
  }
  return out;
}

std::vector<RequestStatus> Scheduler::ended_requests() const {
  return impl_->table->ended();
}

std::optional<RequestStatus> Scheduler::request(RequestId id) const {
  return impl_->table->status(id, impl_->clock.now());
}

const SchedulerLimits& Scheduler::limits() const noexcept {
  return impl_->limits;
}

std::uint32_t Scheduler::max_context() const noexcept {
  const std::uint64_t in_pages = std::uint64_t{impl_->bounds.n_pages} * impl_->bounds.page_tokens;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(impl_->bounds.max_context, in_pages));
}

}  // namespace quern::sched
