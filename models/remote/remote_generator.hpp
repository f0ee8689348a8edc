// A model on another server as a Generator. Threads: any; what is read from the upstream is read on the executor of
// the task. Ownership: shares the desk.
#pragma once

#include "models/generator.hpp"
#include "models/remote/remote_desk.hpp"

namespace quern::models {

class RemoteGenerator final : public RemoteQueue<Generator> {
 public:
  explicit RemoteGenerator(std::shared_ptr<RemoteDesk> desk) noexcept : RemoteQueue(std::move(desk)) {}

  // Errors: also io (the upstream keeps failing), unsupported naming the field (its kind has no word for it); those
  // that only show once the upstream has been asked are the stream's. REQUIRES: task.ask.
  Submitted submit(GenerateTask task, boost::asio::any_io_executor executor) override;

  std::uint32_t max_context() const noexcept override { return desk_->upstream.context; }  // 0: not known
};

}  // namespace quern::models
