// A machine with one model that generates: what `quern run` and `quern bench` work with. Threads and errors: those of
// Machine and LoadedModel. Ownership: owns both.
#pragma once

#include "app/loaded_model.hpp"
#include "app/machine.hpp"

#include <memory>
#include <string>

namespace quern::app {

class Runtime {
 public:
  static Result<std::unique_ptr<Runtime>> create(const ModelOptions& options, const Load& load);

  Result<sched::Scheduler*> start_scheduler(const sched::SchedulerLimits& limits) {
    return model_->start_scheduler(limits);
  }

  const engine::Model& model() const noexcept { return model_->model(); }
  const engine::Tokenizer& tokenizer() const noexcept { return model_->tokenizer(); }
  const kernels::KernelTable& kernels() const noexcept { return machine_->kernels(); }
  const kernels::Topology& topology() const noexcept { return machine_->topology(); }
  kernels::CorePool& pool() noexcept { return machine_->pool(); }
  kv::PageArena& arena() noexcept { return model_->arena(); }
  engine::Backend& executor() noexcept { return model_->executor(); }
  ByteLedger& ledger() noexcept { return machine_->ledger(); }
  const Clock& clock() const noexcept { return machine_->clock(); }
  const engine::chat::TemplateSet& chat() const noexcept { return model_->chat(); }
  const std::string& model_id() const noexcept { return model_->names().front(); }
  const registry::Settings& settings() const noexcept { return model_->settings(); }
  const engine::sampling::FileDefaults& file_sampling() const noexcept { return model_->file_sampling(); }

 private:
  Runtime() = default;

  std::unique_ptr<Machine> machine_;
  std::unique_ptr<LoadedModel> model_;
};

}  // namespace quern::app
