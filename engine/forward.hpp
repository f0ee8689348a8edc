// The CPU executor: runs a StepPlan through a model. Threads: forward() and embed() from one thread (worker 0 of the
// pool). Ownership: keeps references to model, arena, pool and kernels; owns its activation buffers (reserved in the
// ledger), sized once for `limits`, so a step does not allocate.
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

// The arena geometry that this model needs. n_state_pages: sequences at a time; not looked at by models without
// recurrent layers.
kv::KvConfig kv_config_for(const HyperParams& params, kernels::KvType type, std::uint32_t page_tokens,
                           std::uint32_t n_pages, std::uint32_t n_state_pages = 1) noexcept;

class CpuExecutor final : public Backend, public Embedder {
 public:
  // arena: nullptr where nothing is generated (embeddings use no pages of it); forward() must not be called then.
  // Errors: bad_input (limits beyond the model's positions, arena of another geometry), overloaded (budget).
  static Result<std::unique_ptr<CpuExecutor>> create(const Model& model, kv::PageArena* arena, kernels::CorePool& pool,
                                                     const kernels::KernelTable& kernels, const BackendLimits& limits,
                                                     const kernels::Topology& topology, ByteLedger& ledger);
  ~CpuExecutor() override;

  const ModelInfo& info() const noexcept override;
  const BackendLimits& limits() const noexcept override;
  void forward(const StepPlan& plan, std::span<float> logits) noexcept override;
  std::uint64_t progress() const noexcept override;  // layers of all steps

  std::uint32_t embedding_width(Pooling pooling) const noexcept override;
  // REQUIRES besides: can_embed().
  [[nodiscard]] std::span<const std::uint32_t> embed(const StepPlan& plan, Pooling pooling,
                                                     std::span<float> out) noexcept override;
  // Whether the model was made for it: an encoder, or a decoder whose file names a pooling.
  bool can_embed() const noexcept;

 private:
  struct Impl;
  explicit CpuExecutor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quern::engine
