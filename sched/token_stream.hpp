// The way back of one request: an SPSC ring of token events from the engine thread to the reader's executor.
// Threads: one producer (engine), one consumer (coroutines on the executor, one read() at a time; detach() there too).
// Both hand-overs are a store and a look at the other side's flag, made safe by a read-modify-write on that flag at
// both ends: push() / read() and announce() / begun() over reader_, park() / read() over parked_. Ownership: shared by
// ticket and engine. After detach() nothing here touches the executor or its io_context any more, so the io_context may
// go as soon as the ticket has gone. Limits: `capacity` tokens wait for a slow reader; then the engine parks the
// sequence. No token is ever dropped.
#pragma once

#include "base/clock.hpp"
#include "sched/engine_signal.hpp"
#include "sched/request.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/lockfree/spsc_queue.hpp>

namespace quern::sched {

class TokenStream : public std::enable_shared_from_this<TokenStream> {
 public:
  // capacity: at least 1. Any thread.
  TokenStream(std::uint32_t capacity, const boost::asio::any_io_executor& executor,
              std::shared_ptr<EngineSignal> engine);

  // ---- engine thread ----
  // Room for one more token besides the place that is kept for the last event.
  bool has_room() const noexcept { return ring_.write_available() > 1; }
  std::size_t room() const noexcept {  // for so many tokens
    const std::size_t n = ring_.write_available();
    return n > 0 ? n - 1 : 0;
  }
  void announce() noexcept;                       // it has a place now: lets begun() return
  void push(const TokenEvent& event) noexcept;    // REQUIRES: has_room(), event.finish == none
  void finish(const TokenEvent& event) noexcept;  // the last event: always has its place. REQUIRES: called once
  // Asks the reader to raise the engine's signal when it has made room. false: there is room already, do not park.
  bool park() noexcept;

  // ---- the reader's executor ----
  // See Ticket::next(). Takes the stream by value, so a ticket may be destroyed while a read of it waits (it returns
  // 0).
  static boost::asio::awaitable<std::size_t> read(std::shared_ptr<TokenStream> self, std::span<TokenEvent> out,
                                                  Duration timeout);
  // See Ticket::begun(). Not while a read() waits.
  static boost::asio::awaitable<bool> begun(std::shared_ptr<TokenStream> self, Duration timeout);
  // Nobody will read any more. Waits for a wake-up that the engine is posting at this moment (one post() long).
  void detach() noexcept;

 private:
  static constexpr std::uint32_t kAsleep = 1, kDetached = 2;  // bits of reader_

  void deliver(const TokenEvent& event) noexcept;
  void wake() noexcept;
  std::size_t pop(std::span<TokenEvent> out) noexcept;
  bool has_begun() const noexcept;

  boost::lockfree::spsc_queue<TokenEvent> ring_;
  const std::shared_ptr<EngineSignal> engine_;
  std::atomic<std::uint32_t> reader_{0};
  std::atomic<std::uint32_t> posting_{0};  // 1 while wake() may use executor_
  std::atomic<bool> parked_{false};
  std::atomic<bool> announced_{false};
  std::optional<boost::asio::any_io_executor> executor_;  // until detach()
  std::optional<boost::asio::steady_timer> timer_;        // until detach(); the reader's executor only
  bool ended_ = false;                                    // the reader's executor only
};

}  // namespace quern::sched
