#include "sched/scheduler.hpp"

#include "engine/sampling/breaker_finder.hpp"
#include "sched/engine_loop.hpp"
#include "sched/front_desk.hpp"
#include "sched/request_check.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

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

}  // namespace

struct Scheduler::Impl {
  Impl(engine::Backend& backend_in, kv::PageArena& arena, const engine::Tokenizer& tokenizer_in, const Clock& clock,
       const SchedulerLimits& limits_in, Conductor* conductor)
      : backend(backend_in),
        limits(clamped(limits_in, backend_in.limits(), arena.config())),
        bounds{.n_vocab = backend_in.info().n_vocab,
               .max_context = backend_in.limits().max_context,
               .page_tokens = arena.config().page_tokens,
               .n_pages = arena.config().n_pages},
        page_bytes(arena.config().page_bytes()),
        tokenizer(tokenizer_in),
        breakers(tokenizer),
        pool(arena.config().n_pages),
        elastic(pool, arena),
        cache(pool, bounds.page_tokens),
        checkpoints(limits.max_running, n_checkpoints(arena.config(), limits), arena.config().n_pages),
        audit(make_audit(pool, bounds.page_tokens)),
        own_conductor(conductor == nullptr ? std::make_unique<Conductor>() : nullptr),
        desk(clock, limits, conductor == nullptr ? *own_conductor : *conductor),
        loop({backend_in, tokenizer, clock, desk.queue(), desk.signal(), desk.stats(), audit.get(), &desk.seat()},
             cache_parts(arena), limits, bounds.page_tokens) {
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
                },
            .elastic = elastic.elastic() ? &elastic : nullptr};
  }
  void prepare(Generation& generation);

  engine::Backend& backend;
  const SchedulerLimits limits;
  const RequestBounds bounds;
  const std::uint64_t page_bytes;
  const engine::Tokenizer& tokenizer;
  engine::sampling::BreakerFinder breakers;
  kv::PagePool pool;
  kv::ElasticPages elastic;
  kv::PrefixCache cache;
  kv::StateCheckpoints checkpoints;
  const std::unique_ptr<PageAudit> audit;          // empty: not an audit build
  const std::unique_ptr<Conductor> own_conductor;  // empty: it was given one
  FrontDesk desk;
  EngineLoop loop;  // destroyed before what it refers to, once the desk's thread has ended
};

void Scheduler::Impl::prepare(Generation& generation) {
  const GenerateRequest& request = generation.request;
  generation.n_pages_needed = pages_needed(request, bounds);
  generation.sampler.emplace(request.sampling, bounds.n_vocab, breakers);
  generation.sampler->accept_prompt(request.prompt);
  if (request.constraint.grammar != nullptr || request.constraint.thoughts) {
    generation.constraint = std::make_shared<engine::grammar::Constraint>(request.constraint, tokenizer);
    generation.constraint->prepare();
  }
  if (request.prompt_logprobs.wanted) generation.prompt_scores.resize(request.prompt.size());
}

Scheduler::Scheduler(engine::Backend& backend, kv::PageArena& arena, const engine::Tokenizer& tokenizer,
                     const Clock& clock, const SchedulerLimits& limits, Conductor* conductor)
    : impl_(std::make_unique<Impl>(backend, arena, tokenizer, clock, limits, conductor)) {}

Scheduler::~Scheduler() {
  impl_->desk.stop();
}

std::uint64_t Scheduler::buffer_bytes(const engine::Backend& backend, const kv::KvConfig& kv) noexcept {
  const engine::BackendLimits& limits = backend.limits();
  const std::uint64_t logits = std::uint64_t{limits.max_logits_per_step} * backend.info().n_vocab * sizeof(float);
  const std::uint64_t cache = kv::PrefixCache::bytes(kv.n_pages, kv.page_tokens);
  const std::uint64_t pages =
      std::uint64_t{limits.max_seqs_per_step} * kv::pages_for(limits.max_context, kv.page_tokens) * sizeof(kv::PageId);
  return logits + cache + pages;
}

void Scheduler::on_short(std::function<void(std::uint64_t bytes)> then) {
  impl_->elastic.on_short = std::move(then);
}

void Scheduler::ask_back(std::uint64_t bytes) noexcept {
  impl_->elastic.ask_back(bytes);
  impl_->desk.signal().raise();
}

void Scheduler::look_again() noexcept {
  impl_->desk.signal().raise();
}

void Scheduler::start(std::function<void()> on_thread) {
  impl_->desk.start([impl = impl_.get(), on_thread = std::move(on_thread)](const std::atomic<bool>& stopping) {
    if (on_thread) on_thread();
    impl->loop.run(stopping);
  });
}

Result<Ticket> Scheduler::submit(GenerateRequest request, boost::asio::any_io_executor executor) {
  if (request.prompt_logprobs.wanted) request.use_cache = false;
  const auto check = [this](const GenerateRequest& r) { return check_request(r, impl_->bounds); };
  const auto prepare = [this](Generation& generation) { impl_->prepare(generation); };
  return impl_->desk.submit(std::move(request), executor, check, prepare);
}

bool Scheduler::has_room(std::uint32_t n) const noexcept {
  return impl_->desk.has_room(n);
}
bool Scheduler::cancel(RequestId id) noexcept {
  return impl_->desk.cancel(id);
}
void Scheduler::drain() noexcept {
  impl_->desk.drain();
}
bool Scheduler::drained() const noexcept {
  return impl_->desk.drained();
}
Duration Scheduler::stalled() const {
  return impl_->desk.stalled(impl_->backend.progress());
}

Snapshot Scheduler::snapshot() const {
  Snapshot out = impl_->desk.snapshot(impl_->backend.progress());
  out.kv_page_bytes = impl_->page_bytes;
  out.max_running = impl_->limits.max_running;
  out.kv_pages = impl_->pool.n_pages() - impl_->pool.n_withheld();
  out.kv_pages_least = impl_->elastic.n_floor();
  out.kv_pages_most = impl_->pool.n_pages();
  out.kv_pages_free = impl_->pool.n_free();
  out.kv_pages_retained = impl_->pool.n_retained();
  out.kv_pages_reserved = impl_->pool.n_reserved();
  out.cache_pages = impl_->cache.n_listed();
  out.cache_evictions = impl_->cache.n_evicted();
  return out;
}

std::vector<RequestStatus> Scheduler::requests() const {
  return impl_->desk.requests();
}
std::vector<RequestStatus> Scheduler::ended_requests() const {
  return impl_->desk.ended_requests();
}
std::optional<RequestStatus> Scheduler::request(RequestId id) const {
  return impl_->desk.request(id);
}

const SchedulerLimits& Scheduler::limits() const noexcept {
  return impl_->limits;
}

std::uint32_t Scheduler::max_context() const noexcept {
  const std::uint64_t in_pages = std::uint64_t{impl_->bounds.n_pages} * impl_->bounds.page_tokens;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(impl_->bounds.max_context, in_pages));
}

}  // namespace quern::sched
