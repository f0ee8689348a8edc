// What Residency is made of: its entries, its line and its thread. Threads: everything under `mutex`; functions that
// take the lock let go of it while they load, unload or wait. Ownership: shared by the residency and by those who hold
// models.
#pragma once

#include "base/assert.hpp"
#include "models/residency.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace quern::models {

// Bytes of KV pages beyond those that it always has.
std::uint64_t spare_pages(const ServedModel& model);

struct Residency::Core : std::enable_shared_from_this<Residency::Core> {
  struct Entry {
    std::shared_ptr<const ModelCard> card;
    LoadableModel source;
    bool permanent = false, removed = false, unload_asked = false, load_asked = false;
    ModelState state = ModelState::absent;
    std::shared_ptr<ServedModel> model;
    std::uint32_t n_held = 0;
    TimePoint last_used{}, loaded{};
    std::vector<std::shared_ptr<ModelWait>> waits;
    std::uint64_t needed = 0;  // bytes that have to be free before it is loaded
    std::uint64_t bytes = 0;
    std::uint64_t n_loads = 0;
    Duration took{};

    bool in_memory() const noexcept { return state == ModelState::resident || state == ModelState::leaving; }
  };
  // Who holds a model.
  struct Lease {
    Lease(std::shared_ptr<Core> core_in, Id id_in, std::shared_ptr<ServedModel> model_in)
        : core(std::move(core_in)), id(id_in), model(std::move(model_in)) {}
    ~Lease() {
      model.reset();  // so that the residency's is the last one
      core->release(id);
    }
    std::shared_ptr<Core> core;
    Id id;
    std::shared_ptr<ServedModel> model;
  };

  Core(const ByteLedger& ledger_in, const Clock& clock_in) : ledger(ledger_in), clock(clock_in) {}

  Entry& entry(Id id) {
    QUERN_ASSERT(id < entries.size());
    return *entries[id];
  }
  std::uint64_t free_bytes() const noexcept { return ledger.budget() - std::min(ledger.used(), ledger.budget()); }
  void notify() noexcept {
    dirty = true;
    changed.notify_all();
  }
  std::shared_ptr<ServedModel> lease(Id id, Entry& e) {
    auto held = std::make_shared<Lease>(shared_from_this(), id, e.model);
    ++e.n_held;
    ServedModel* const model = e.model.get();
    return {std::move(held), model};
  }
  void release(Id id) noexcept {
    const std::lock_guard lock(mutex);
    Entry& e = entry(id);
    e.last_used = clock.now();
    if (--e.n_held == 0) notify();
  }
  std::optional<TimePoint> expiry(const Entry& e) const noexcept {
    if (e.permanent || e.source.stay.pinned || e.source.stay.keep_alive == kForever) return std::nullopt;
    return e.last_used + e.source.stay.keep_alive;
  }
  bool expired(const Entry& e, TimePoint now) const noexcept {
    const std::optional<TimePoint> at = expiry(e);
    return at && *at <= now;
  }
  void enqueue(Id id, Entry& e) {
    if (e.state == ModelState::absent) {
      e.state = ModelState::waiting;
      const bool shared = e.source.shared_is_there && e.source.shared_is_there();
      e.needed = e.source.estimated_bytes - (shared ? e.source.shared_bytes : 0);
      queue.push_back(id);
    }
    notify();
  }

  void run() noexcept;
  bool unload_due(std::unique_lock<std::mutex>& lock);
  bool help_short(std::unique_lock<std::mutex>& lock);
  std::optional<Duration> next_load(std::unique_lock<std::mutex>& lock);
  void load_now(std::unique_lock<std::mutex>& lock, Id id);
  void unload_now(std::unique_lock<std::mutex>& lock, Id id);
  std::optional<Duration> make_room(std::unique_lock<std::mutex>& lock, std::uint64_t missing, Id id);
  bool take_pages(std::unique_lock<std::mutex>& lock, std::uint64_t missing, bool of_busy);
  std::vector<Id> in_memory() const;
  void let_look() noexcept;
  void refuse(Id id, const Error& error);
  Duration pause() const noexcept;

  const ByteLedger& ledger;
  const Clock& clock;
  mutable std::mutex mutex;
  std::condition_variable changed;
  bool dirty = false, stopping = false, draining = false;
  std::vector<std::unique_ptr<Entry>> entries;
  std::deque<Id> queue;  // to be loaded
  std::size_t n_waiting = 0;
  std::atomic<std::uint64_t> short_bytes{0};
  std::thread thread;
};

}  // namespace quern::models
