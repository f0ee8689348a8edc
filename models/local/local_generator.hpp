// A model on this machine as a Generator: one ticket of its scheduler per choice. Threads: any. Ownership: refers to
// scheduler and tokenizer.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"
#include "models/generator.hpp"
#include "models/local/local_queue.hpp"
#include "sched/scheduler.hpp"

namespace quern::models {

class LocalGenerator final : public LocalQueue<Generator, sched::Scheduler> {
 public:
  LocalGenerator(sched::Scheduler& scheduler, const engine::Tokenizer& tokenizer) noexcept
      : LocalQueue(scheduler), tokenizer_(tokenizer) {}

  // Copies prompts for each choice and prepares samplers: what has more than some 64k prompt tokens is submitted by a
  // thread that may take milliseconds.
  Submitted submit(GenerateTask task, boost::asio::any_io_executor executor) override;

  std::uint32_t max_context() const noexcept override { return scheduler_.max_context(); }

 private:
  const engine::Tokenizer& tokenizer_;
};

}  // namespace quern::models
