// Several tickets read as one stream of events, each tagged with its choice. One ticket is read directly; more are read
// by a coroutine each, which waits when the reader is behind, so that every sequence is parked for itself; should one
// of these fail, its request counts as failed. Threads: made by any, then the executor's strand. Ownership: owns the
// tickets; destroying it cancels them.
#pragma once

#include "base/clock.hpp"
#include "sched/scheduler.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace quern::models {

namespace net = boost::asio;

struct ChoiceEvent {
  std::uint32_t choice = 0;
  sched::TokenEvent event;
};

class TicketSet {
 public:
  TicketSet(std::vector<sched::Ticket> tickets, net::any_io_executor executor);
  TicketSet(const TicketSet&) = delete;
  TicketSet& operator=(const TicketSet&) = delete;
  ~TicketSet();

  // Appends what is ready to out; waits until there is something. Nothing after the timeout (zero: none).
  net::awaitable<void> next(std::vector<ChoiceEvent>& out, Duration timeout);

  // Waits until one of them has a place, or has ended. false: not within the timeout (zero: none). REQUIRES: no next()
  // before.
  net::awaitable<bool> begun(Duration timeout);

  std::size_t size() const noexcept;
  sched::RequestId id(std::uint32_t choice) const noexcept;
  void stop(std::uint32_t choice) noexcept;
  sched::RequestStatus status(std::uint32_t choice, TimePoint now) const;
  const std::string& refusal(std::uint32_t choice) const;                              // see sched::Ticket
  std::vector<engine::sampling::TokenScore> take_prompt_scores(std::uint32_t choice);  // likewise
  std::span<const engine::TokenId> prompt(std::uint32_t choice) const noexcept;
  std::function<void()> cancel_all_hook();  // may be called after the set is gone

 private:
  struct Shared;
  struct PumpEnd;
  static net::awaitable<void> pump(std::shared_ptr<Shared> shared, std::uint32_t choice);

  void start_pumps();

  std::shared_ptr<Shared> shared_;
  const net::any_io_executor executor_;
  bool pumping_ = false;
};

}  // namespace quern::models
