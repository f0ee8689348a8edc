#include "server/pipeline/job.hpp"

#include <chrono>

#include <boost/asio/post.hpp>

namespace quern::server {
namespace {

// post() may fail for lack of memory. Who waits therefore looks by itself this often.
constexpr std::chrono::seconds kWakeBackstop{1};

}  // namespace

Job::Job(const net::any_io_executor& executor) : executor_(executor), timer_(executor) {}

void Job::run() noexcept {
  if (!ending()) {
    try {
      work();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }
  end();
}

void Job::drop() noexcept {
  ask_to_end();
  end();
}

void Job::end() noexcept {
  ended_.store(true, std::memory_order_release);  // pairs with wait()
  try {
    net::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });
  } catch (...) {  // see kWakeBackstop
  }
}

net::awaitable<void> Job::wait(std::shared_ptr<Job> job) {
  // end() posts after it has set the flag, so its cancel() comes when the wait below has begun.
  while (!job->ended_.load(std::memory_order_acquire)) {
    job->timer_.expires_after(kWakeBackstop);
    [[maybe_unused]] auto woken = co_await job->timer_.async_wait(kTuple);
  }
}

}  // namespace quern::server
