// One scripted answer, given to each choice of a task. Threads: its executor's strand; cancel() any.
#pragma once

#include "models/generator.hpp"
#include "tests/support/scripted/script.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/steady_timer.hpp>

namespace quern::test {

// What others may reach of a stream that runs.
class StreamHandle : public std::enable_shared_from_this<StreamHandle> {
 public:
  explicit StreamHandle(const boost::asio::any_io_executor& executor) : timer(executor) {}
  void cancel();  // any thread
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

  boost::asio::steady_timer timer;  // the strand's

 private:
  std::atomic<bool> cancelled_{false};  // release in cancel(), acquire in cancelled()
};

class ScriptedStream final : public models::AnswerStream {
 public:
  // status: what is known when it begins. ended: told once, with "finished", "failed" or "cancelled".
  ScriptedStream(std::shared_ptr<StreamHandle> handle, std::vector<ScriptStep> steps, std::uint32_t n_choices,
                 models::Usage usage, sched::RequestStatus status, std::function<void(const char*)> ended);
  ~ScriptedStream() override;

  boost::asio::awaitable<bool> begun(Duration) override { co_return true; }
  boost::asio::awaitable<Result<std::vector<models::AnswerEvent>>> next(Duration timeout) override;
  bool finished() const noexcept override { return finished_; }
  std::uint32_t n_choices() const noexcept override { return n_choices_; }
  models::Usage usage() const override { return usage_; }
  sched::RequestStatus status(TimePoint) const override { return status_; }
  std::vector<sched::RequestStatus> statuses(TimePoint) const override { return {status_}; }
  std::vector<sched::RequestId> ids() const override { return {status_.id}; }
  std::function<void()> cancel_hook() override;

 private:
  void end(const char* how);
  // true: the pause is over.
  boost::asio::awaitable<bool> pause(Duration timeout);

  std::shared_ptr<StreamHandle> handle_;
  std::vector<ScriptStep> steps_;
  std::size_t position_ = 0;
  std::optional<TimePoint> resume_at_;
  const std::uint32_t n_choices_;
  models::Usage usage_;
  sched::RequestStatus status_;
  std::function<void(const char*)> ended_;
  bool finished_ = false;
};

}  // namespace quern::test
