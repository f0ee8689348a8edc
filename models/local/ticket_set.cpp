#include "models/local/ticket_set.hpp"

#include "sched/log_exception.hpp"

#include <array>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quern::models {
namespace {

constexpr auto kTuple = net::as_tuple(net::use_awaitable);

constexpr std::size_t kBatch = 32;      // events taken from one ticket at once
constexpr std::size_t kMaxReady = 256;  // events waiting for the reader before the pumps wait for it

TimePoint deadline_after(Duration timeout) {  // zero: none
  return timeout == Duration::zero() ? TimePoint::max() : std::chrono::steady_clock::now() + timeout;
}

}  // namespace

struct TicketSet::Shared {
  Shared(std::vector<sched::Ticket> tickets_in, const net::any_io_executor& executor)
      : tickets(std::move(tickets_in)), arrived(executor), taken(executor, net::steady_timer::time_point::max()) {
    // Whatever the pumps add has room.
    if (tickets.size() > 1) ready.reserve(kMaxReady + (kBatch + 1) * tickets.size());
  }

  // Until `arrived` is cancelled. false: the deadline passed.
  net::awaitable<bool> wait(TimePoint deadline) {
    if (std::chrono::steady_clock::now() >= deadline) co_return false;
    arrived.expires_at(deadline);
    auto woken = co_await arrived.async_wait(kTuple);
    co_return std::get<0>(woken) == net::error::operation_aborted;
  }

  void cancel_all() noexcept {
    for (sched::Ticket& ticket : tickets) ticket.cancel();
  }

  std::vector<sched::Ticket> tickets;
  std::vector<ChoiceEvent> ready;
  bool begun = false;
  net::steady_timer arrived;  // cancelled when `ready` gets something or `begun` turns true
  net::steady_timer taken;    // cancelled when `ready` was emptied. Many wait: its expiry is never set again, as that
                              // would wake them
  bool closed = false;
};

// A pump that fails (no memory) has its request failed: its reader would wait for ever.
struct TicketSet::PumpEnd {
  std::shared_ptr<Shared> shared;
  std::uint32_t choice;
  void operator()(const std::exception_ptr& failure) const noexcept {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (...) {
      sched::log_current_exception("reading an answer");
    }
    if (shared->closed) return;
    shared->tickets[choice].cancel();
    shared->begun = true;
    shared->ready.push_back({choice, {.finish = sched::FinishReason::failed}});
    shared->arrived.cancel();
  }
};

TicketSet::TicketSet(std::vector<sched::Ticket> tickets, net::any_io_executor executor)
    : shared_(std::make_shared<Shared>(std::move(tickets), executor)), executor_(std::move(executor)) {}

// With the first wish to read, which comes on the strand.
void TicketSet::start_pumps() {
  if (pumping_ || size() == 1) return;
  pumping_ = true;
  for (std::uint32_t choice = 0; choice < size(); ++choice) {
    net::co_spawn(executor_, pump(shared_, choice), PumpEnd{shared_, choice});
  }
}

TicketSet::~TicketSet() {
  shared_->closed = true;
  shared_->cancel_all();
  shared_->taken.cancel();
}

std::size_t TicketSet::size() const noexcept {
  return shared_->tickets.size();
}

sched::RequestId TicketSet::id(std::uint32_t choice) const noexcept {
  return shared_->tickets[choice].id();
}

void TicketSet::stop(std::uint32_t choice) noexcept {
  shared_->tickets[choice].stop();
}

sched::RequestStatus TicketSet::status(std::uint32_t choice, TimePoint now) const {
  return shared_->tickets[choice].status(now);
}

const std::string& TicketSet::refusal(std::uint32_t choice) const {
  return shared_->tickets[choice].refusal();
}

std::vector<engine::sampling::TokenScore> TicketSet::take_prompt_scores(std::uint32_t choice) {
  return shared_->tickets[choice].take_prompt_scores();
}

std::span<const engine::TokenId> TicketSet::prompt(std::uint32_t choice) const noexcept {
  return shared_->tickets[choice].prompt();
}

std::function<void()> TicketSet::cancel_all_hook() {
  return [shared = shared_] { shared->cancel_all(); };
}

net::awaitable<void> TicketSet::pump(std::shared_ptr<Shared> shared, std::uint32_t choice) {
  [[maybe_unused]] const bool has_place = co_await shared->tickets[choice].begun(Duration::zero());
  if (shared->closed) co_return;
  shared->begun = true;
  shared->arrived.cancel();
  std::array<sched::TokenEvent, kBatch> events;
  for (bool finished = false; !finished && !shared->closed;) {
    std::size_t n_events = co_await shared->tickets[choice].next(events, Duration::zero());
    if (shared->closed) co_return;
    if (n_events == 0) events[n_events++] = {.finish = sched::FinishReason::cancelled};  // read no further
    for (std::size_t i = 0; i < n_events; ++i) shared->ready.push_back({choice, events[i]});
    finished = events[n_events - 1].finish != sched::FinishReason::none;
    shared->arrived.cancel();
    while (shared->ready.size() > kMaxReady && !shared->closed) {
      [[maybe_unused]] auto woken = co_await shared->taken.async_wait(kTuple);
    }
  }
}

net::awaitable<bool> TicketSet::begun(Duration timeout) {
  start_pumps();
  const std::shared_ptr<Shared> shared = shared_;
  if (shared->tickets.size() == 1) {
    const bool begun = co_await shared->tickets[0].begun(timeout);
    co_return begun;
  }
  const TimePoint deadline = deadline_after(timeout);
  for (bool in_time = true; in_time && !shared->begun;) {
    const bool woken = co_await shared->wait(deadline);
    in_time = woken;
  }
  co_return shared->begun;
}

net::awaitable<void> TicketSet::next(std::vector<ChoiceEvent>& out, Duration timeout) {
  start_pumps();
  const std::shared_ptr<Shared> shared = shared_;
  if (shared->tickets.size() == 1) {
    std::array<sched::TokenEvent, kBatch> events;
    const std::size_t n_events = co_await shared->tickets[0].next(events, timeout);
    for (std::size_t i = 0; i < n_events; ++i) out.push_back({0, events[i]});
    co_return;
  }
  const TimePoint deadline = deadline_after(timeout);
  for (bool in_time = true; in_time && shared->ready.empty();) {  // that a ticket has its place is no event
    const bool woken = co_await shared->wait(deadline);
    in_time = woken;
  }
  out.insert(out.end(), shared->ready.begin(), shared->ready.end());
  shared->ready.clear();
  shared->taken.cancel();
}

}  // namespace quern::models
