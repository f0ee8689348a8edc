#include "sched/token_stream.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quern::sched {
namespace net = boost::asio;
namespace {

// post() allocates and so may fail; then the engine cannot wake the reader. A sleeping reader therefore looks by itself
// this often: no cost that could be measured, and the loss of a wake-up is a pause instead of a hang.
constexpr std::chrono::seconds kWakeBackstop{1};

TimePoint deadline_after(TimePoint now, Duration timeout) noexcept {
  return timeout <= Duration::zero() || timeout > TimePoint::max() - now ? TimePoint::max() : now + timeout;
}

}  // namespace

TokenStream::TokenStream(std::uint32_t capacity, const net::any_io_executor& executor,
                         std::shared_ptr<EngineSignal> engine)
    : ring_(std::size_t{capacity} + 1), engine_(std::move(engine)), executor_(executor), timer_(executor) {
  QUERN_ASSERT(capacity >= 1);
}

void TokenStream::announce() noexcept {
  announced_.store(true, std::memory_order_release);  // pairs with has_begun()
  wake();
}

void TokenStream::push(const TokenEvent& event) noexcept {
  QUERN_DCHECK(has_room() && event.finish == FinishReason::none);
  deliver(event);
}

void TokenStream::finish(const TokenEvent& event) noexcept {
  QUERN_DCHECK(event.finish != FinishReason::none);
  deliver(event);
}

void TokenStream::deliver(const TokenEvent& event) noexcept {
  const bool pushed = ring_.push(event);
  QUERN_ASSERT(pushed);
  wake();
}

void TokenStream::wake() noexcept {
  // detach() sets kDetached before it reads posting_; here posting_ is set before reader_ is read-modified. So either
  // the bit is seen here, or detach() sees posting_ and waits.
  posting_.store(1, std::memory_order_relaxed);
  // read() sets kAsleep before it looks at the ring a last time; the event was pushed before this. Whichever of the two
  // read-modify-writes comes second sees what the other side did.
  if (reader_.fetch_and(~kAsleep, std::memory_order_acq_rel) == kAsleep) {
    try {
      net::post(*executor_, [self = shared_from_this()] {
        if (self->timer_) self->timer_->cancel();
      });
    } catch (...) {  // no memory for the handler: see kWakeBackstop
    }
  }
  // seq_cst: must be visible before notify reads the count of sleepers, or a detach() that just went to sleep is
  // missed.
  posting_.store(0, std::memory_order_seq_cst);
  posting_.notify_all();
}

bool TokenStream::park() noexcept {
  parked_.exchange(true, std::memory_order_acq_rel);  // pairs with the exchange in pop()
  if (!has_room()) return true;
  parked_.exchange(false, std::memory_order_acq_rel);
  return false;
}

std::size_t TokenStream::pop(std::span<TokenEvent> out) noexcept {
  const std::size_t n = ring_.pop(out.data(), out.size());
  if (n == 0) return 0;
  if (out[n - 1].finish != FinishReason::none) ended_ = true;
  if (parked_.exchange(false, std::memory_order_acq_rel)) engine_->raise();
  return n;
}

net::awaitable<std::size_t> TokenStream::read(std::shared_ptr<TokenStream> self, std::span<TokenEvent> out,
                                              Duration timeout) {
  QUERN_ASSERT(!out.empty());
  const TimePoint deadline = deadline_after(std::chrono::steady_clock::now(), timeout);
  constexpr auto as_tuple = net::as_tuple(net::use_awaitable);
  while (!self->ended_) {
    if (const std::size_t n = self->pop(out); n > 0) co_return n;
    const TimePoint now = std::chrono::steady_clock::now();
    if (now >= deadline) break;
    self->reader_.fetch_or(kAsleep, std::memory_order_acq_rel);  // pairs with wake()
    if (self->ring_.read_available() > 0) continue;
    self->timer_->expires_at(std::min(deadline, now + kWakeBackstop));
    [[maybe_unused]] auto woken = co_await self->timer_->async_wait(as_tuple);  // cancelled = woken
    const net::cancellation_state cancellation = co_await net::this_coro::cancellation_state;
    if (cancellation.cancelled() != net::cancellation_type::none) break;
  }
  co_return 0;
}

bool TokenStream::has_begun() const noexcept {
  return ended_ || announced_.load(std::memory_order_acquire) || ring_.read_available() > 0;
}

net::awaitable<bool> TokenStream::begun(std::shared_ptr<TokenStream> self, Duration timeout) {
  const TimePoint deadline = deadline_after(std::chrono::steady_clock::now(), timeout);
  constexpr auto as_tuple = net::as_tuple(net::use_awaitable);
  while (!self->has_begun()) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (now >= deadline) co_return false;
    self->reader_.fetch_or(kAsleep, std::memory_order_acq_rel);  // pairs with wake()
    if (self->has_begun()) break;
    self->timer_->expires_at(std::min(deadline, now + kWakeBackstop));
    [[maybe_unused]] auto woken = co_await self->timer_->async_wait(as_tuple);  // cancelled = woken
    const net::cancellation_state cancellation = co_await net::this_coro::cancellation_state;
    if (cancellation.cancelled() != net::cancellation_type::none) co_return false;
  }
  co_return true;
}

void TokenStream::detach() noexcept {
  reader_.fetch_or(kDetached, std::memory_order_acq_rel);
  posting_.wait(1, std::memory_order_acquire);
  ended_ = true;
  timer_.reset();  // a read that waits on it returns 0
  executor_.reset();
}

}  // namespace quern::sched
