// A model on this machine as an Embedder. Threads: any. Ownership: refers to the scheduler.
#pragma once

#include "models/embedder.hpp"
#include "sched/embed/embed_scheduler.hpp"

namespace quern::models {

class LocalEmbedder final : public Embedder {
 public:
  // pooling: as its maker meant it; none: mean, what most encoders were trained with.
  LocalEmbedder(sched::EmbedScheduler& scheduler, engine::Pooling pooling) noexcept
      : scheduler_(scheduler), pooling_(pooling == engine::Pooling::none ? engine::Pooling::mean : pooling) {}

  Result<std::unique_ptr<VectorAnswer>> submit(EmbedTask task, boost::asio::any_io_executor executor) override;
  std::uint32_t max_text_tokens() const noexcept override { return scheduler_.max_text_tokens(); }
  bool ranks() const noexcept override { return pooling_ == engine::Pooling::rank; }
  std::uint32_t width() const noexcept override { return scheduler_.width(pooling_); }

  bool has_room(std::uint32_t n) const noexcept override { return scheduler_.has_room(n); }
  bool cancel(sched::RequestId id) noexcept override { return scheduler_.cancel(id); }
  void drain() noexcept override { scheduler_.drain(); }
  sched::Snapshot snapshot() const override { return scheduler_.snapshot(); }
  Duration stalled() const override { return scheduler_.stalled(); }
  std::vector<sched::RequestStatus> requests() const override { return scheduler_.requests(); }
  std::vector<sched::RequestStatus> ended_requests() const override { return scheduler_.ended_requests(); }
  std::optional<sched::RequestStatus> request(sched::RequestId id) const override { return scheduler_.request(id); }

 private:
  sched::EmbedScheduler& scheduler_;
  const engine::Pooling pooling_;
};

}  // namespace quern::models
