// Which models are in memory. One thread loads and unloads, one model at a time, in the order in which they were asked
// for; steps of others never wait for it. Room is made from what is idle: kept KV pages first, then models, as
// policy/eviction.hpp says. A model whose time is up goes when nobody holds it.
// Threads: all public functions any; the functions of LoadableModel are called by that thread. Ownership: who has
// acquired a model holds it, also beyond this object's end. Limits: kMaxWaiting requests for models that are not there.
// Errors: of acquiring: those of loading; overloaded, with the numbers, where there is no room; cancelled.
#pragma once

#include "base/byte_ledger.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "models/model_card.hpp"
#include "models/served_model.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace quern::models {

inline constexpr Duration kForever = Duration::max();

// How long a model stays in memory.
struct Stay {
  Duration keep_alive = std::chrono::minutes(5);  // after its last use; kForever; zero: it goes at once
  bool pinned = false;                            // it does not go to make room either
  int priority = 0;                               // the higher stays where others have to go
};

struct LoadableModel {
  ModelCard card;
  std::uint64_t estimated_bytes = 0;  // of the memory budget, at least
  std::uint64_t shared_bytes = 0;     // of these: what others that are loaded may have brought
  Stay stay;
  // Errors: overloaded: memory; all others are the model's.
  std::function<Result<std::shared_ptr<ServedModel>>()> load;
  std::function<bool()> shared_is_there = {};  // empty: never
};

enum class ModelState : std::uint8_t { absent, waiting, loading, resident, leaving };
const char* model_state_name(ModelState state) noexcept;

// A model as operators see it.
struct ModelView {
  std::shared_ptr<const ModelCard> card;
  ModelState state = ModelState::absent;
  Stay stay;
  std::uint32_t n_held = 0, n_waiting = 0;
  std::optional<Duration> expires_in = {};       // resident: nullopt, where it stays
  std::uint64_t estimated_bytes = 0, bytes = 0;  // bytes: that loading it took, and what it has grown by since
  std::uint64_t n_loads = 0;
  Duration load_took{};
};

// One request's wait for a model.
class ModelWait : public std::enable_shared_from_this<ModelWait> {
 public:
  explicit ModelWait(const boost::asio::any_io_executor& executor) : executor_(executor), timer_(executor) {}
  // While it lasts: `then` after `first`, and again after each `interval` since its end. Before it begins.
  using Then = std::function<boost::asio::awaitable<void>()>;
  void meanwhile(Duration first, Duration interval, Then then);
  void cancel() noexcept;  // any thread: it ends as cancelled
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }

 private:
  friend class Residency;
  void finish(Result<std::shared_ptr<ServedModel>> result) noexcept;
  static boost::asio::awaitable<void> wait(std::shared_ptr<ModelWait> self);

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  Duration first_{}, interval_{};
  Then then_;
  std::atomic<bool> claimed_{false}, ended_{false};
  std::optional<Result<std::shared_ptr<ServedModel>>> result_;
};

class Residency {
 public:
  static constexpr std::size_t kMaxWaiting = 4096;
  using Id = std::uint32_t;

  // Both outlive it, and what was acquired.
  Residency(const ByteLedger& ledger, const Clock& clock);
  ~Residency();  // whoever waits is told so; models go with their last holder
  Residency(const Residency&) = delete;
  Residency& operator=(const Residency&) = delete;

  Id add(std::shared_ptr<ServedModel> model);  // for good
  Id add(LoadableModel model);
  void replace(Id id, LoadableModel model);  // from its next load on
  void remove(Id id);                        // nobody gets it any more; it leaves with its last holder

  // keep_alive: from now on, where it is given. wait: how to end it early.
  boost::asio::awaitable<Result<std::shared_ptr<ServedModel>>> acquire(Id id, std::optional<Duration> keep_alive,
                                                                       std::shared_ptr<ModelWait> wait);
  bool resident(Id id) const;
  void keep(Id id, Duration keep_alive);  // from now on, after its last use

  void load(Id id);    // as if somebody asked for it
  void unload(Id id);  // when nobody holds it any more; not those that are there for good
  // Somebody's work needs so many bytes: what is idle gives them back, then everyone looks again.
  void note_short(std::uint64_t bytes) noexcept;
  void look() noexcept;  // time may have passed

  std::shared_ptr<const ModelCard> card(Id id) const;
  std::vector<ModelView> views() const;                         // of all, in the order in which they were added
  std::vector<std::shared_ptr<ServedModel>> residents() const;  // without holding them: for lists and metrics
  void drain() noexcept;                                        // no new loads; who waits is refused

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace quern::models
