// What can answer a task with text: a model on this machine (local/local_generator.hpp) or on another server
// (remote/remote_generator.hpp). A task goes in, a stream of answer events comes out. Threads: all functions of a
// Generator from any thread; a stream belongs to the executor it was submitted with, which runs one handler at a time.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "models/answer_event.hpp"
#include "models/task.hpp"
#include "models/task_queue.hpp"
#include "sched/request.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace quern::models {

// The answers of one task. Ownership: the reader's; destroying it cancels what still runs.
class AnswerStream {
 public:
  AnswerStream() = default;
  AnswerStream(const AnswerStream&) = delete;
  AnswerStream& operator=(const AnswerStream&) = delete;
  virtual ~AnswerStream() = default;

  // Waits until one of the choices is being worked on, or has ended. false: not within the timeout (zero: none).
  // REQUIRES: no next() before.
  virtual boost::asio::awaitable<bool> begun(Duration timeout) = 0;
  // Waits for the next events. Empty: nothing came within the timeout (zero: no timeout), or it is over.
  // Errors: cancelled (by the client's leaving, a newer request or an operator), overloaded (too late before it began,
  // or turned away), io (the model failed), corrupt (its output is invalid).
  virtual boost::asio::awaitable<Result<std::vector<AnswerEvent>>> next(Duration timeout) = 0;

  virtual bool finished() const noexcept = 0;
  virtual std::uint32_t n_choices() const noexcept = 0;
  virtual Usage usage() const = 0;
  virtual sched::RequestStatus status(TimePoint now) const = 0;  // of the first choice
  // Of all choices; n_generated counts what usage() counts.
  virtual std::vector<sched::RequestStatus> statuses(TimePoint now) const = 0;
  virtual std::vector<sched::RequestId> ids() const = 0;  // of all choices
  virtual std::function<void()> cancel_hook() = 0;        // may be called after the stream is gone
};

// A stream, or why there is none. Where some choices of a task were taken and the next was refused, the stream holds
// those taken, to be destroyed on its executor.
struct Submitted {
  std::unique_ptr<AnswerStream> stream;
  Status status;
};

class Generator : public TaskQueue {
 public:
  // Errors: bad_input naming the field, overloaded (the line is full), draining.
  virtual Submitted submit(GenerateTask task, boost::asio::any_io_executor executor) = 0;

  virtual std::uint32_t max_context() const noexcept = 0;  // prompt and generated tokens of one sequence
};

}  // namespace quern::models
