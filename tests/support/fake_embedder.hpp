// A models::Embedder for tests of server/ that answers at once. Threads: any.
#pragma once

#include "models/embedder.hpp"

#include <memory>
#include <utility>

namespace quern::test {

class FakeEmbedder final : public models::Embedder {
 public:
  explicit FakeEmbedder(bool ranks = false) : ranks_(ranks) {}

  Result<std::unique_ptr<models::VectorAnswer>> submit(models::EmbedTask task, boost::asio::any_io_executor) override {
    return std::unique_ptr<models::VectorAnswer>(std::make_unique<Answer>(std::move(task), width()));
  }
  std::uint32_t max_text_tokens() const noexcept override { return 64; }
  bool ranks() const noexcept override { return ranks_; }
  std::uint32_t width() const noexcept override { return ranks_ ? 1 : 8; }

  bool has_room(std::uint32_t) const noexcept override { return true; }
  bool cancel(sched::RequestId) noexcept override { return false; }
  void drain() noexcept override {}
  sched::Snapshot snapshot() const override { return {}; }
  Duration stalled() const override { return {}; }
  std::vector<sched::RequestStatus> requests() const override { return {}; }
  std::vector<sched::RequestStatus> ended_requests() const override { return {}; }
  std::optional<sched::RequestStatus> request(sched::RequestId) const override { return std::nullopt; }

 private:
  // Of each text: its length in every place.
  class Answer final : public models::VectorAnswer {
   public:
    Answer(models::EmbedTask task, std::uint32_t width) : task_(std::move(task)), width_(width) {}
    boost::asio::awaitable<Result<models::Vectors>> take() override {
      models::Vectors out{.width = width_, .values = {}};
      for (const auto& text : task_.texts) out.values.insert(out.values.end(), width_, static_cast<float>(text.size()));
      co_return out;
    }
    sched::RequestStatus status(TimePoint) const override { return {}; }
    std::function<void()> cancel_hook() override {
      return [] {};
    }

   private:
    const models::EmbedTask task_;
    const std::uint32_t width_;
  };

  const bool ranks_;
};

}  // namespace quern::test
