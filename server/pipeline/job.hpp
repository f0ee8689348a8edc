// One piece of work on a helper thread, and the coroutine that waits for it. Threads: run() and drop() whoever has the
// job (the pool), wait() one coroutine on the executor, ask_to_end() any. Ownership: shared; the work owns what it
// works with, so the coroutine may be destroyed before the end. The executor's context must outlive the job. There is
// no mutex in here: a helper thread may be kept from running at any point, and the strand must not wait for it.
#pragma once

#include "base/result.hpp"
#include "server/asio.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace quern::server {

class Job : public std::enable_shared_from_this<Job> {
 public:
  explicit Job(const net::any_io_executor& executor);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  void run() noexcept;   // on a helper thread, once
  void drop() noexcept;  // instead of run(): it ends as cancelled
  void ask_to_end() noexcept { ending_.store(true, std::memory_order_relaxed); }
  const std::atomic<bool>& ending() const noexcept { return ending_; }

  // Returns when run() or drop() has.
  static net::awaitable<void> wait(std::shared_ptr<Job> job);

 protected:
  virtual void work() = 0;  // its exceptions are kept
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void end() noexcept;

  std::atomic<bool> ending_{false};
  std::atomic<bool> ended_{false};  // set by end(), with all that work() wrote
  std::exception_ptr failure_;
  const net::any_io_executor executor_;
  net::steady_timer timer_;  // cancelled at the end; used on the executor only
};

// A job with a result.
template <class T>
class JobOf final : public Job {
 public:
  using Work = std::function<Result<T>(const std::atomic<bool>& ending)>;
  JobOf(const net::any_io_executor& executor, Work work) : Job(executor), work_(std::move(work)) {}

  // After wait(). Errors: those of the work; cancelled. Throws what the work threw.
  Result<T> take() {
    rethrow();
    if (!result_) return fail(Errc::cancelled, "the request was cancelled");
    return std::move(*result_);
  }

 private:
  void work() override {
    const Work work = std::exchange(work_, nullptr);  // what it owns goes with its end, on this thread
    result_.emplace(work(ending()));
  }

  Work work_;
  std::optional<Result<T>> result_;
};

}  // namespace quern::server
