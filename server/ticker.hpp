// Calls a function again and again until it is stopped. Threads: start() and stop() any; the calls come on a strand of
// the io_context, which runs until stop().
#pragma once

#include "server/asio.hpp"

#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace quern::server {

class Ticker : public std::enable_shared_from_this<Ticker> {
 public:
  Ticker(net::io_context& io, std::chrono::milliseconds period, std::function<void()> tick);
  void start();
  void stop();

 private:
  void wait();

  const std::chrono::milliseconds period_;
  const std::function<void()> tick_;
  net::steady_timer timer_;
  bool stopped_ = false;  // on the timer's strand
};

}  // namespace quern::server
