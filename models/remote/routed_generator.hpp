// Several that can answer for one name, in the order in which they are asked: a model on this machine, servers
// elsewhere. The next one is asked where one cannot (no connection, busy, failed, silent, left alone because it keeps
// failing), and only as long as nothing of an answer has been given out: no text comes twice. Whoever refuses the
// request itself, or this server's key, has answered. Threads: any; a stream belongs to its executor.
// Ownership: owns them.
#pragma once

#include "models/generator.hpp"

#include <memory>
#include <vector>

namespace quern::models {

class RoutedGenerator final : public Generator {
 public:
  // At least one.
  explicit RoutedGenerator(std::vector<std::unique_ptr<Generator>> ways) : ways_(std::move(ways)) {}

  Submitted submit(GenerateTask task, boost::asio::any_io_executor executor) override;
  std::uint32_t max_context() const noexcept override;  // of the first that knows it

  bool has_room(std::uint32_t n) const noexcept override;
  bool cancel(sched::RequestId id) noexcept override;
  void drain() noexcept override;
  sched::Snapshot snapshot() const override;  // counters of all, the rest of the first
  Duration stalled() const override;
  std::vector<sched::RequestStatus> requests() const override;
  std::vector<sched::RequestStatus> ended_requests() const override;
  std::optional<sched::RequestStatus> request(sched::RequestId id) const override;
  std::vector<UpstreamStatus> upstreams() const override;

 private:
  std::vector<std::unique_ptr<Generator>> ways_;
};

}  // namespace quern::models
