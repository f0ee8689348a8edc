#include "models/residency_core.hpp"

#include "base/log.hpp"
#include "models/policy/eviction.hpp"

#include <exception>
#include <new>

namespace quern::models {
namespace {

constexpr std::chrono::seconds kLongestPause{1};
// Engines that have nothing to do give pages back at once; one in a step when it ends.
constexpr std::chrono::milliseconds kGiveBackTime{50};
// What is made room for where loading failed for want of memory although the estimate said it would fit.
constexpr std::uint64_t kMoreRoom = std::uint64_t{64} << 20;
constexpr double kMiB = 1 << 20;

double mib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / kMiB;
}

}  // namespace

std::uint64_t spare_pages(const ServedModel& model) {
  std::uint64_t out = 0;
  for (const TaskQueue* const q : model.queues()) {
    const sched::Snapshot now = q->snapshot();
    out += (now.kv_pages - std::min(now.kv_pages, now.kv_pages_least)) * now.kv_page_bytes;
  }
  return out;
}

void Residency::Core::run() noexcept {
  std::unique_lock lock(mutex);
  while (!stopping) {
    dirty = false;
    std::optional<Duration> wait;
    try {
      if (unload_due(lock) || help_short(lock)) continue;
      wait = next_load(lock);
    } catch (const std::exception& e) {
      log::error("models: {}", e.what());
      wait = kLongestPause;
    }
    if (wait && *wait <= Duration::zero()) continue;
    const Duration most = std::min(wait.value_or(kLongestPause), pause());
    changed.wait_for(lock, most, [this] { return dirty || stopping; });
  }
}

// Until the next one's time is up.
Duration Residency::Core::pause() const noexcept {
  Duration out = kLongestPause;
  const TimePoint now = clock.now();
  for (const auto& e : entries) {
    if (!e->in_memory() || e->n_held > 0) continue;
    if (const std::optional<TimePoint> at = expiry(*e)) out = std::min(out, std::max(*at - now, Duration(1)));
  }
  return out;
}

std::vector<Residency::Id> Residency::Core::in_memory() const {
  std::vector<Id> out;
  for (Id id = 0; id < entries.size(); ++id)
    if (entries[id]->in_memory()) out.push_back(id);
  std::ranges::sort(out, {}, [&](Id id) { return std::pair(entries[id]->n_held > 0, entries[id]->last_used); });
  return out;
}

void Residency::Core::let_look() noexcept {
  for (const auto& e : entries) {
    if (!e->in_memory()) continue;
    for (TaskQueue* const q : e->model->queues()) q->look_again();
  }
}

bool Residency::Core::unload_due(std::unique_lock<std::mutex>& lock) {
  const TimePoint now = clock.now();
  for (Id id = 0; id < entries.size(); ++id) {
    const Entry& e = *entries[id];
    if (!e.in_memory() || e.n_held > 0 || e.permanent) continue;
    if (e.state != ModelState::leaving && !e.unload_asked && !e.removed && !expired(e, now)) continue;
    unload_now(lock, id);
    return true;
  }
  return false;
}

void Residency::Core::unload_now(std::unique_lock<std::mutex>& lock, Id id) {
  Entry& e = entry(id);
  std::shared_ptr<ServedModel> model = std::move(e.model);
  e.model.reset();
  e.state = ModelState::absent;
  e.unload_asked = false;
  const auto card = e.card;
  lock.unlock();
  while (model.use_count() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // lists look at it
  const std::uint64_t before = ledger.used();
  model.reset();
  const std::uint64_t after = ledger.used();
  log::info("model {}: unloaded, {:.1f} MiB given back, {:.1f} of {:.1f} MiB in use", card->id,
            mib(before - std::min(before, after)), mib(after), mib(ledger.budget()));
  lock.lock();
  if (!e.waits.empty() || e.load_asked) enqueue(id, e);
  let_look();
}

// Kept pages, of idle models first. Whether some came back.
bool Residency::Core::take_pages(std::unique_lock<std::mutex>& lock, std::uint64_t missing, bool of_busy) {
  std::uint64_t asked = 0;
  for (const Id id : in_memory()) {
    if (asked >= missing) break;
    const Entry& e = *entries[id];
    if (!of_busy && e.n_held > 0) continue;
    const std::uint64_t spare = std::min(spare_pages(*e.model), missing - asked);
    if (spare == 0) continue;
    for (TaskQueue* const q : e.model->queues()) q->ask_back(spare);
    asked += spare;
  }
  if (asked == 0) return false;
  const std::uint64_t before = free_bytes();
  lock.unlock();
  const auto until = std::chrono::steady_clock::now() + kGiveBackTime;
  while (free_bytes() < before + asked && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  lock.lock();
  return free_bytes() > before;
}

// -> how long to wait before it is tried again: zero: at once; nullopt: there is no room.
std::optional<Duration> Residency::Core::make_room(std::unique_lock<std::mutex>& lock, std::uint64_t missing, Id id) {
  if (take_pages(lock, missing, false)) return Duration::zero();
  const TimePoint now = clock.now();
  const std::vector<Id> ids = in_memory();
  std::vector<policy::Resident> residents;
  for (const Id other : ids) {
    const Entry& e = *entries[other];
    residents.push_back({.bytes = e.bytes + spare_pages(*e.model),
                         .n_held = e.n_held,
                         .pinned = e.permanent || e.source.stay.pinned,
                         .expired = expired(e, now),
                         .leaving = e.state == ModelState::leaving,
                         .priority = e.source.stay.priority,
                         .last_used = e.last_used,
                         .loaded = e.loaded,
                         .took = e.took});
  }
  const policy::Eviction plan = policy::plan_eviction(residents, missing, now);
  if (!plan.possible) return take_pages(lock, missing, true) ? std::optional(Duration::zero()) : std::nullopt;
  if (!plan.now.empty()) {
    unload_now(lock, ids[plan.now.front()]);
    return Duration::zero();
  }
  if (take_pages(lock, missing, true)) return Duration::zero();
  for (const std::size_t i : plan.later) {
    Entry& e = entry(ids[i]);
    e.state = ModelState::leaving;
    log::info("model {}: asked to leave, {} waits for its memory", e.card->id, entry(id).card->id);
  }
  return plan.look_again_after.value_or(kLongestPause);
}

// nullopt: nobody waits for a model.
std::optional<Duration> Residency::Core::next_load(std::unique_lock<std::mutex>& lock) {
  if (queue.empty()) return std::nullopt;
  const Id id = queue.front();
  Entry& e = entry(id);
  n_waiting -= std::erase_if(e.waits, [](const auto& wait) { return wait->ended(); });
  if (e.waits.empty() && !e.load_asked) {  // everybody has left
    queue.pop_front();
    e.state = ModelState::absent;
    return Duration::zero();
  }
  const std::uint64_t free = free_bytes();
  if (free >= e.needed) {
    load_now(lock, id);
    return Duration::zero();
  }
  const std::optional<Duration> wait = make_room(lock, e.needed - free, id);
  if (!wait) {
    refuse(id, fail(Errc::overloaded,
                    "model {} needs {:.1f} MiB, {:.1f} of {:.1f} MiB are free, and what else is loaded has to stay",
                    e.card->id, mib(e.needed), mib(free_bytes()), mib(ledger.budget())));
    return Duration::zero();
  }
  return wait;
}

void Residency::Core::load_now(std::unique_lock<std::mutex>& lock, Id id) {
  Entry& e = entry(id);
  e.state = ModelState::loading;
  const auto load = e.source.load;
  const std::uint64_t before = ledger.used(), free = free_bytes();
  const auto began = std::chrono::steady_clock::now();
  lock.unlock();
  Result<std::shared_ptr<ServedModel>> loaded = fail(Errc::io, "not loaded");
  try {
    loaded = load();
    if (loaded) (*loaded)->complete();
  } catch (const std::bad_alloc&) {
    loaded = fail(Errc::overloaded, "no memory to load the model");
  } catch (const std::exception& error) {
    loaded = fail(Errc::io, "{}", error.what());
  }
  const Duration took = std::chrono::steady_clock::now() - began;
  const std::uint64_t after = ledger.used();
  lock.lock();
  if (!loaded) {
    if (loaded.error().code == Errc::overloaded && !stopping && e.needed < ledger.budget()) {
      e.state = ModelState::waiting;  // it stays the first in line
      e.needed = std::min(std::max(e.needed, free) + kMoreRoom, ledger.budget());
      return;
    }
    refuse(id, loaded.error());
    return;
  }
  queue.pop_front();
  e.model = std::move(*loaded);
  e.card = std::make_shared<const ModelCard>(card_of(*e.model));
  e.state = ModelState::resident;
  e.load_asked = false;
  e.bytes = after - std::min(before, after);
  e.took = took;
  e.loaded = e.last_used = clock.now();
  ++e.n_loads;
  log::info("model {}: loaded in {:.0f} ms, {:.1f} MiB (estimated {:.1f}), {:.1f} of {:.1f} MiB in use", e.card->id,
            to_seconds(took) * 1000, mib(e.bytes), mib(e.source.estimated_bytes), mib(after), mib(ledger.budget()));
  for (const auto& wait : std::exchange(e.waits, {})) {
    --n_waiting;
    if (!wait->ended()) wait->finish(lease(id, e));
  }
  if (draining)
    for (TaskQueue* const q : e.model->queues()) q->drain();
}

void Residency::Core::refuse(Id id, const Error& error) {
  Entry& e = entry(id);
  std::erase(queue, id);
  e.state = ModelState::absent;
  e.load_asked = false;
  log::warn("model {}: not loaded: {}", e.card->id, error.detail);
  for (const auto& wait : std::exchange(e.waits, {})) {
    --n_waiting;
    wait->finish(error);
  }
}

// Somebody who runs needs more pages: idle models make room, those in use do not.
bool Residency::Core::help_short(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t bytes = short_bytes.exchange(0, std::memory_order_relaxed);
  if (bytes == 0) return false;
  if (!take_pages(lock, bytes, false)) {
    const std::vector<Id> ids = in_memory();
    const auto idle = std::ranges::find_if(ids, [&](Id id) {
      const Entry& e = *entries[id];
      return e.n_held == 0 && !e.permanent && !e.source.stay.pinned;
    });
    if (idle != ids.end()) unload_now(lock, *idle);
  }
  let_look();
  return true;
}

}  // namespace quern::models
