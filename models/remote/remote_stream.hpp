// One task at an upstream: a coroutine reads what it answers into a bounded queue of events, which the stream gives
// out. Threads: made by any, then the executor's strand. Ownership: the stream and that coroutine share it; destroying
// the stream closes the connection, unless the answer has come to its end. Limit: the coroutine stops reading while
// kMaxWaitingBytes wait.
#pragma once

#include "models/generator.hpp"
#include "models/remote/ask.hpp"
#include "models/remote/remote_desk.hpp"
#include "models/remote/remote_dialect.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace quern::models {

class RemoteRun;

class RemoteStream final : public AnswerStream {
 public:
  static constexpr std::size_t kMaxWaitingBytes = 256 * 1024;

  // Begins at once. id: of a request that has entered the desk. deadline: for all of it.
  RemoteStream(std::shared_ptr<RemoteDesk> desk, sched::RequestId id, quern::net::HttpRequest request,
               const GenerateTask& task, boost::asio::any_io_executor executor);
  ~RemoteStream() override;

  boost::asio::awaitable<bool> begun(Duration timeout) override;
  boost::asio::awaitable<Result<std::vector<AnswerEvent>>> next(Duration timeout) override;
  bool finished() const noexcept override;
  std::uint32_t n_choices() const noexcept override { return n_choices_; }
  Usage usage() const override;
  sched::RequestStatus status(TimePoint now) const override;
  std::vector<sched::RequestStatus> statuses(TimePoint now) const override { return {status(now)}; }
  std::vector<sched::RequestId> ids() const override { return {id_}; }
  std::function<void()> cancel_hook() override;

 private:
  const std::shared_ptr<RemoteRun> run_;
  const sched::RequestId id_;
  const std::uint32_t n_choices_;
};

}  // namespace quern::models
