// A model on another server as an Embedder: texts go there, vectors come back as they are. Threads: any. Ownership:
// shares the desk. Limit: an answer of kMaxBodyBytes.
#pragma once

#include "models/embedder.hpp"
#include "models/remote/remote_desk.hpp"

namespace quern::models {

class RemoteEmbedder final : public RemoteQueue<Embedder> {
 public:
  static constexpr std::size_t kMaxBodyBytes = std::size_t{256} << 20;

  explicit RemoteEmbedder(std::shared_ptr<RemoteDesk> desk) noexcept : RemoteQueue(std::move(desk)) {}

  // REQUIRES: task.plain.
  Result<std::unique_ptr<VectorAnswer>> submit(EmbedTask task, boost::asio::any_io_executor executor) override;
  std::uint32_t max_text_tokens() const noexcept override { return desk_->upstream.context; }  // 0: not known
  bool ranks() const noexcept override { return false; }
  std::uint32_t width() const noexcept override { return desk_->upstream.width; }  // 0: not known
};

}  // namespace quern::models
