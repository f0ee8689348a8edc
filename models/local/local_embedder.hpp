// A model on this machine as an Embedder. Threads: any. Ownership: refers to the scheduler.
#pragma once

#include "models/embedder.hpp"
#include "models/local/local_queue.hpp"
#include "sched/embed/embed_scheduler.hpp"

namespace quern::models {

class LocalEmbedder final : public LocalQueue<Embedder, sched::EmbedScheduler> {
 public:
  // pooling: as its maker meant it; none: mean, what most encoders were trained with.
  LocalEmbedder(sched::EmbedScheduler& scheduler, engine::Pooling pooling) noexcept
      : LocalQueue(scheduler), pooling_(pooling == engine::Pooling::none ? engine::Pooling::mean : pooling) {}

  Result<std::unique_ptr<VectorAnswer>> submit(EmbedTask task, boost::asio::any_io_executor executor) override;
  std::uint32_t max_text_tokens() const noexcept override { return scheduler_.max_text_tokens(); }
  bool ranks() const noexcept override { return pooling_ == engine::Pooling::rank; }
  std::uint32_t width() const noexcept override { return scheduler_.width(pooling_); }

 private:
  const engine::Pooling pooling_;
};

}  // namespace quern::models
