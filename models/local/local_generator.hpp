// A model on this machine as a Generator: one ticket of its scheduler per choice. Threads: any. Ownership: refers to
// scheduler and tokenizer.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"
#include "models/generator.hpp"
#include "sched/scheduler.hpp"

namespace quern::models {

class LocalGenerator final : public Generator {
 public:
  LocalGenerator(sched::Scheduler& scheduler, const engine::Tokenizer& tokenizer) noexcept
      : scheduler_(scheduler), tokenizer_(tokenizer) {}

  // Copies prompts for each choice and prepares samplers: what has more than some 64k prompt tokens is submitted by a
  // thread that may take milliseconds.
  Submitted submit(GenerateTask task, boost::asio::any_io_executor executor) override;

  std::uint32_t max_context() const noexcept override { return scheduler_.max_context(); }
  bool has_room(std::uint32_t n) const noexcept override { return scheduler_.has_room(n); }
  bool cancel(sched::RequestId id) noexcept override { return scheduler_.cancel(id); }
  void drain() noexcept override { scheduler_.drain(); }

  sched::Snapshot snapshot() const override { return scheduler_.snapshot(); }
  Duration stalled() const override { return scheduler_.stalled(); }
  std::vector<sched::RequestStatus> requests() const override { return scheduler_.requests(); }
  std::vector<sched::RequestStatus> ended_requests() const override { return scheduler_.ended_requests(); }
  std::optional<sched::RequestStatus> request(sched::RequestId id) const override { return scheduler_.request(id); }

 private:
  sched::Scheduler& scheduler_;
  const engine::Tokenizer& tokenizer_;
};

}  // namespace quern::models
