// The CPU executor: runs a StepPlan through a model. Threads: forward() from one thread (worker 0 of the pool).
// Ownership: keeps references to model, arena, pool and kernels; owns its activation buffers (reserved in the ledger),
// sized once for `limits`, so a step does not allocate.
#pragma once

#include "base/byte_ledger.hpp"
#include "engine/backend.hpp"
#include "engine/model.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/kernel_table.hpp"
#include "kv/page_arena.hpp"

#include <memory>
#include <span>

namespace quern::engine {

// The arena geometry that this model needs.
kv::KvConfig kv_config_for(const HyperParams& params, kernels::KvType type, std::uint32_t page_tokens,
                           std::uint32_t n_pages) noexcept;

class CpuExecutor final : public Backend {
 public:
  // Errors: bad_input (limits beyond the model's context, arena of another geometry), overloaded (budget).
  static Result<std::unique_ptr<CpuExecutor>> create(const Model& model, kv::PageArena& arena, kernels::CorePool& pool,
                                                     const kernels::KernelTable& kernels, const BackendLimits& limits,
                                                     ByteLedger& ledger);
  ~CpuExecutor() override;

  const ModelInfo& info() const noexcept override;
  const BackendLimits& limits() const noexcept override;
  void forward(const StepPlan& plan, std::span<float> logits) noexcept override;

 private:
  struct Impl;
  explicit CpuExecutor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quern::engine
