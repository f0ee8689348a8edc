#include "server/ticker.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

namespace quern::server {

Ticker::Ticker(net::io_context& io, std::chrono::milliseconds period, std::function<void()> tick)
    : period_(period), tick_(std::move(tick)), timer_(net::make_strand(io)) {}

void Ticker::start() {
  net::post(timer_.get_executor(), [self = shared_from_this()] { self->wait(); });
}

void Ticker::stop() {
  net::post(timer_.get_executor(), [self = shared_from_this()] {
    self->stopped_ = true;
    self->timer_.cancel();
  });
}

void Ticker::wait() {
  if (stopped_) return;
  timer_.expires_after(period_);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->stopped_) return;
    self->tick_();
    self->wait();
  });
}

}  // namespace quern::server
