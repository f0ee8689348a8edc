// A model made ready to run on this machine: memory budget, cores, kernels, weights, KV pages, executor, tokenizer, and
// on request a scheduler. What serve, run and bench have in common. Threads: create() and start_scheduler() from one
// thread; once the scheduler runs, the executor is the engine thread's. Ownership: owns all of it; members are
// destroyed in the reverse order of their use.
#pragma once

#include "app/options/options.hpp"
#include "base/byte_ledger.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/chat/template_set.hpp"
#include "engine/forward.hpp"
#include "engine/model.hpp"
#include "engine/sampling/file_defaults.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/topology.hpp"
#include "kv/page_arena.hpp"
#include "sched/scheduler.hpp"

#include <memory>
#include <string>

namespace quern::app {

// How much of the executor a command will use.
struct Load {
  std::uint32_t parallel = 1;          // sequences at once; fewer, where recurrent state of so many does not fit
  std::uint32_t prefill_tokens = 256;  // prompt tokens of one step
  std::uint32_t min_context = 0;       // what one sequence must have room for; 0: no wish
  std::uint32_t states_kept = 0;       // copies of recurrent state that are of use for each sequence
};

// Bytes that the process may use: --memory, or nine tenths of what the machine (or its cgroup) has left, which it logs.
std::uint64_t memory_budget(const ModelOptions& options);

class Runtime {
 public:
  // Errors: those of the GGUF reader, Model, Tokenizer, PageArena and CpuExecutor; unsupported for QUERN_FORCE_ISA.
  static Result<std::unique_ptr<Runtime>> create(const ModelOptions& options, const Load& load);
  ~Runtime();

  // Creates and starts the engine thread, which becomes worker 0 of the pool; the runtime owns the scheduler. No more
  // requests run at once than the executor has room for. Errors: overloaded, where the memory budget has no room for
  // its buffers. REQUIRES: not called before.
  Result<sched::Scheduler*> start_scheduler(sched::SchedulerLimits limits);

  const engine::Model& model() const noexcept { return *model_; }
  const engine::Tokenizer& tokenizer() const noexcept { return *tokenizer_; }
  const kernels::KernelTable& kernels() const noexcept { return *kernels_; }
  const kernels::Topology& topology() const noexcept { return topology_; }
  kernels::CorePool& pool() noexcept { return *pool_; }
  kv::PageArena& arena() noexcept { return *arena_; }
  engine::Backend& executor() noexcept { return *executor_; }
  ByteLedger& ledger() noexcept { return ledger_; }
  const Clock& clock() const noexcept { return clock_; }
  const engine::chat::TemplateSet& chat() const noexcept { return *chat_; }
  const std::string& model_id() const noexcept { return model_id_; }
  const engine::sampling::FileDefaults& file_sampling() const noexcept { return file_sampling_; }

 private:
  explicit Runtime(std::uint64_t budget_bytes) : ledger_(budget_bytes) {}
  Status load_model(const ModelOptions& options);
  Status create_executor(const ModelOptions& options, const Load& load);
  void log_summary() const;

  SteadyClock clock_;
  ByteLedger ledger_;
  kernels::Topology topology_;
  const kernels::KernelTable* kernels_ = nullptr;
  std::unique_ptr<kernels::CorePool> pool_;
  std::unique_ptr<engine::Model> model_;
  std::unique_ptr<engine::Tokenizer> tokenizer_;
  std::unique_ptr<engine::chat::TemplateSet> chat_;
  std::string model_id_;
  engine::sampling::FileDefaults file_sampling_;
  std::unique_ptr<kv::PageArena> arena_;
  std::unique_ptr<engine::CpuExecutor> executor_;
  ByteLedger::Reservation scheduler_memory_;
  std::unique_ptr<sched::Scheduler> scheduler_;
};

}  // namespace quern::app
