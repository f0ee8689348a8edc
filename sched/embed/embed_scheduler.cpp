#include "sched/embed/embed_scheduler.hpp"

#include "base/assert.hpp"
#include "base/checked.hpp"
#include "sched/embed/embed_loop.hpp"
#include "sched/front_desk.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched {
namespace {

SchedulerLimits clamped(SchedulerLimits limits) {
  limits.queue_capacity = std::clamp(limits.queue_capacity, 1u, SubmissionQueue::kMaxCapacity);
  limits.max_running = std::clamp(limits.max_running, 1u, SubmissionQueue::kMaxCapacity);
  limits.stream_capacity = 1;
  return limits;
}

}  // namespace

struct EmbedScheduler::Impl {
  Impl(engine::Backend& backend_in, engine::Embedder& embedder_in, const Clock& clock, const SchedulerLimits& limits_in,
       Conductor& conductor)
      : backend(backend_in),
        embedder(embedder_in),
        limits(clamped(limits_in)),
        desk(clock, limits, conductor),
        loop({.embedder = embedder,
              .limits = backend.limits(),
              .context_cost = backend.info().context_cost,
              .clock = clock,
              .queue = desk.queue(),
              .signal = desk.signal(),
              .stats = desk.stats(),
              .seat = desk.seat()},
             limits) {}

  std::uint32_t max_text_tokens() const noexcept {
    return std::min(backend.limits().max_context, backend.limits().max_tokens_per_step);
  }
  // -> tokens of all texts. Errors: bad_input.
  Result<std::uint32_t> check(const EmbedRequest& request) const;

  engine::Backend& backend;
  engine::Embedder& embedder;
  const SchedulerLimits limits;
  FrontDesk desk;
  EmbedLoop loop;  // destroyed before what it refers to, once the desk's thread has ended
};

Result<std::uint32_t> EmbedScheduler::Impl::check(const EmbedRequest& request) const {
  std::uint32_t n_tokens = 0;
  for (std::size_t i = 0; i < request.texts.size(); ++i) {
    const std::vector<engine::TokenId>& text = request.texts[i];
    const std::string field = fmt::format("texts[{}]", i);
    if (text.empty()) return fail_field(field, "no tokens");
    if (text.size() > max_text_tokens())
      return fail_field(field, "has {} tokens, at most {} are allowed", text.size(), max_text_tokens());
    const auto outside = std::ranges::find_if(text, [this](engine::TokenId token) {
      return token < 0 || static_cast<std::uint32_t>(token) >= backend.info().n_vocab;
    });
    if (outside != text.end()) {
      return fail_field(field, "token {} at position {} is outside the vocabulary of {}", *outside,
                        outside - text.begin(), backend.info().n_vocab);
    }
    const std::optional<std::uint32_t> sum = checked_add(n_tokens, static_cast<std::uint32_t>(text.size()));
    if (!sum) return fail_field(field, "more than {} tokens in one request", UINT32_MAX);
    n_tokens = *sum;
  }
  if (request.texts.empty()) return fail_field("texts", "no texts");
  return n_tokens;
}

EmbedScheduler::EmbedScheduler(engine::Backend& backend, engine::Embedder& embedder, const Clock& clock,
                               const SchedulerLimits& limits, Conductor& conductor)
    : impl_(std::make_unique<Impl>(backend, embedder, clock, limits, conductor)) {}

EmbedScheduler::~EmbedScheduler() {
  impl_->desk.stop();
}

void EmbedScheduler::start(std::function<void()> on_thread) {
  impl_->desk.start([impl = impl_.get(), on_thread = std::move(on_thread)](const std::atomic<bool>& stopping) {
    if (on_thread) on_thread();
    impl->loop.run(stopping);
  });
}

Result<Ticket> EmbedScheduler::submit(EmbedRequest request, boost::asio::any_io_executor executor) {
  QUERN_ASSERT(request.pooling != engine::Pooling::none && width(request.pooling) > 0);
  std::uint32_t n_tokens = 0;
  const auto check = [&](const GenerateRequest&) -> Status {
    QUERN_TRY(n_tokens, impl_->check(request));
    return {};
  };
  const auto prepare = [&](Generation& generation) {
    EmbedWork work{.texts = std::move(request.texts),
                   .pooling = request.pooling,
                   .n_tokens = n_tokens,
                   .width = width(request.pooling)};
    work.values.resize(work.texts.size() * work.width);
    generation.embed = std::move(work);
  };
  GenerateRequest head{.label = std::move(request.label),
                       .tenant = std::move(request.tenant),
                       .tenant_weight = request.tenant_weight,
                       .priority = request.priority,
                       .max_queue = request.max_queue,
                       .deadline = request.deadline};
  return impl_->desk.submit(std::move(head), executor, check, prepare);
}

std::uint32_t EmbedScheduler::max_text_tokens() const noexcept {
  return impl_->max_text_tokens();
}
std::uint32_t EmbedScheduler::width(engine::Pooling pooling) const noexcept {
  return impl_->embedder.embedding_width(pooling);
}
bool EmbedScheduler::has_room(std::uint32_t n) const noexcept {
  return impl_->desk.has_room(n);
}
bool EmbedScheduler::cancel(RequestId id) noexcept {
  return impl_->desk.cancel(id);
}
void EmbedScheduler::drain() noexcept {
  impl_->desk.drain();
}
Snapshot EmbedScheduler::snapshot() const {
  return impl_->desk.snapshot(impl_->backend.progress());
}
Duration EmbedScheduler::stalled() const {
  return impl_->desk.stalled(impl_->backend.progress());
}
std::vector<RequestStatus> EmbedScheduler::requests() const {
  return impl_->desk.requests();
}
std::vector<RequestStatus> EmbedScheduler::ended_requests() const {
  return impl_->desk.ended_requests();
}
std::optional<RequestStatus> EmbedScheduler::request(RequestId id) const {
  return impl_->desk.request(id);
}

}  // namespace quern::sched
