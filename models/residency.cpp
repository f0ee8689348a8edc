#include "models/residency.hpp"

#include "models/residency_core.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quern::models {
namespace {

constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::chrono::seconds kWakeBackstop{1};  // a post may fail for lack of memory: who waits looks by itself

}  // namespace

const char* model_state_name(ModelState state) noexcept {
  switch (state) {
    case ModelState::absent:
      return "absent";
    case ModelState::waiting:
      return "waiting";
    case ModelState::loading:
      return "loading";
    case ModelState::resident:
      return "resident";
    case ModelState::leaving:
      return "leaving";
  }
  return "unknown";
}

void ModelWait::cancel() noexcept {
  finish(Error{Errc::cancelled, {}, {}});
}

void ModelWait::finish(Result<std::shared_ptr<ServedModel>> result) noexcept {
  if (claimed_.exchange(true, std::memory_order_acq_rel)) return;
  result_.emplace(std::move(result));
  ended_.store(true, std::memory_order_release);  // pairs with wait()
  try {
    boost::asio::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });
  } catch (...) {  // see kWakeBackstop
  }
}

void ModelWait::meanwhile(Duration first, Duration interval, Then then) {
  first_ = first;
  interval_ = interval;
  then_ = std::move(then);
}

boost::asio::awaitable<void> ModelWait::wait(std::shared_ptr<ModelWait> self) {
  using Steady = boost::asio::steady_timer::clock_type;
  Steady::time_point due = Steady::now() + self->first_;
  // finish() posts after it has set the flag, so its cancel() comes when the wait below has begun, or its flag is seen
  // after what was done meanwhile.
  while (!self->ended()) {
    const Steady::time_point backstop = Steady::now() + kWakeBackstop;
    self->timer_.expires_at(self->then_ ? std::min(due, backstop) : backstop);
    [[maybe_unused]] auto woken = co_await self->timer_.async_wait(kTuple);
    if (!self->then_ || self->ended() || Steady::now() < due) continue;
    co_await self->then_();
    due = Steady::now() + self->interval_;
  }
}

Residency::Residency(const ByteLedger& ledger, const Clock& clock) : core_(std::make_shared<Core>(ledger, clock)) {
  core_->thread = std::thread([core = core_.get()] { core->run(); });
}

Residency::~Residency() {
  std::vector<std::shared_ptr<ServedModel>> models;
  {
    const std::lock_guard lock(core_->mutex);
    core_->stopping = true;
    core_->notify();
  }
  core_->thread.join();
  const std::lock_guard lock(core_->mutex);
  for (auto& e : core_->entries) {
    for (const auto& wait : std::exchange(e->waits, {})) wait->finish(fail(Errc::draining, "the server stops"));
    if (e->model != nullptr) models.push_back(std::move(e->model));
    e->state = ModelState::absent;
  }
}

Residency::Id Residency::add(std::shared_ptr<ServedModel> model) {
  model->complete();
  auto e = std::make_unique<Core::Entry>();
  e->card = std::make_shared<const ModelCard>(card_of(*model));
  e->permanent = true;
  e->source.stay = {.keep_alive = kForever, .pinned = true};
  e->state = ModelState::resident;
  e->model = std::move(model);
  const std::lock_guard lock(core_->mutex);
  e->loaded = e->last_used = core_->clock.now();
  core_->entries.push_back(std::move(e));
  return static_cast<Id>(core_->entries.size() - 1);
}

Residency::Id Residency::add(LoadableModel model) {
  auto e = std::make_unique<Core::Entry>();
  e->card = std::make_shared<const ModelCard>(model.card);
  e->source = std::move(model);
  const std::lock_guard lock(core_->mutex);
  core_->entries.push_back(std::move(e));
  return static_cast<Id>(core_->entries.size() - 1);
}

void Residency::replace(Id id, LoadableModel model) {
  const std::lock_guard lock(core_->mutex);
  Core::Entry& e = core_->entry(id);
  if (!e.in_memory()) e.card = std::make_shared<const ModelCard>(model.card);
  e.source = std::move(model);
  e.removed = false;
}

void Residency::remove(Id id) {
  const std::lock_guard lock(core_->mutex);
  core_->entry(id).removed = true;
  core_->notify();
}

boost::asio::awaitable<Result<std::shared_ptr<ServedModel>>> Residency::acquire(Id id,
                                                                                std::optional<Duration> keep_alive,
                                                                                std::shared_ptr<ModelWait> wait) {
  const std::shared_ptr<Core> core = core_;
  {
    const std::lock_guard lock(core->mutex);
    Core::Entry& e = core->entry(id);
    if (keep_alive) e.source.stay.keep_alive = *keep_alive;
    e.unload_asked = false;
    if (e.state == ModelState::resident) co_return core->lease(id, e);
    if (core->draining) co_return fail(Errc::draining, "the server is shutting down");
    if (core->n_waiting >= kMaxWaiting)
      co_return fail(Errc::overloaded, "{} requests wait for models to be loaded", core->n_waiting);
    e.waits.push_back(wait);
    ++core->n_waiting;
    core->enqueue(id, e);
  }
  co_await ModelWait::wait(wait);
  co_return std::move(*wait->result_);
}

bool Residency::resident(Id id) const {
  const std::lock_guard lock(core_->mutex);
  return core_->entry(id).state == ModelState::resident;
}

void Residency::keep(Id id, Duration keep_alive) {
  const std::lock_guard lock(core_->mutex);
  core_->entry(id).source.stay.keep_alive = keep_alive;
  core_->notify();
}

void Residency::load(Id id) {
  const std::lock_guard lock(core_->mutex);
  Core::Entry& e = core_->entry(id);
  if (e.state == ModelState::resident || core_->draining) return;
  e.load_asked = true;
  core_->enqueue(id, e);
}

void Residency::unload(Id id) {
  const std::lock_guard lock(core_->mutex);
  core_->entry(id).unload_asked = true;
  core_->notify();
}

void Residency::note_short(std::uint64_t bytes) noexcept {
  core_->short_bytes.fetch_add(bytes, std::memory_order_relaxed);
  const std::lock_guard lock(core_->mutex);
  core_->notify();
}

void Residency::look() noexcept {
  const std::lock_guard lock(core_->mutex);
  core_->notify();
}

std::shared_ptr<const ModelCard> Residency::card(Id id) const {
  const std::lock_guard lock(core_->mutex);
  return core_->entry(id).card;
}

std::vector<ModelView> Residency::views() const {
  const std::lock_guard lock(core_->mutex);
  const TimePoint now = core_->clock.now();
  std::vector<ModelView> out;
  for (const auto& e : core_->entries) {
    if (e->removed) continue;
    ModelView view{.card = e->card,
                   .state = e->state,
                   .stay = e->source.stay,
                   .n_held = e->n_held,
                   .n_waiting = static_cast<std::uint32_t>(e->waits.size()),
                   .estimated_bytes = e->source.estimated_bytes,
                   .n_loads = e->n_loads,
                   .load_took = e->took};
    if (e->in_memory()) {
      view.bytes = (e->permanent ? e->card->info.size_bytes : e->bytes) + spare_pages(*e->model);
      if (const auto at = core_->expiry(*e)) view.expires_in = std::max(*at - now, Duration::zero());
    }
    out.push_back(std::move(view));
  }
  return out;
}

std::vector<std::shared_ptr<ServedModel>> Residency::residents() const {
  const std::lock_guard lock(core_->mutex);
  std::vector<std::shared_ptr<ServedModel>> out;
  for (const auto& e : core_->entries)
    if (e->in_memory()) out.push_back(e->model);
  return out;
}

void Residency::drain() noexcept {
  const std::lock_guard lock(core_->mutex);
  core_->draining = true;
  for (const auto& e : core_->entries) {
    for (const auto& wait : std::exchange(e->waits, {})) {
      --core_->n_waiting;
      wait->finish(Error{Errc::draining, "the server is shutting down", {}});
    }
    if (!e->in_memory()) continue;
    for (TaskQueue* const q : e->model->queues()) q->drain();
  }
  core_->notify();
}

}  // namespace quern::models
