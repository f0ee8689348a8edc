// Vectors of whole texts: one pass over all sequences of a plan with a private cache of one layer, which every layer
// writes over, then pooling. So embeddings take no KV pages and remember nothing.
// Threads: as CpuExecutor. Limits: a step's tokens; a sequence must fit one step and max_context.
#pragma once

#include "base/byte_ledger.hpp"
#include "base/result.hpp"
#include "engine/forward_pass.hpp"
#include "kv/page_arena.hpp"

#include <memory>
#include <span>
#include <vector>

namespace quern::engine {

class TextEmbedder {
 public:
  // Errors: overloaded (budget), io (no memory).
  static Result<std::unique_ptr<TextEmbedder>> create(const Model& model, const BackendLimits& limits,
                                                      const kernels::Topology& topology, ByteLedger& ledger);

  // See Embedder::embed().
  [[nodiscard]] std::span<const std::uint32_t> embed(ForwardPass& pass, const StepPlan& plan, Pooling pooling,
                                                     std::span<float> out) noexcept;
  std::uint32_t width(Pooling pooling) const noexcept;

 private:
  TextEmbedder(const Model& model, const BackendLimits& limits, std::unique_ptr<kv::PageArena> scratch);
  void compute(ForwardPass& pass, const StepPlan& plan, Pooling pooling, std::span<float> out) noexcept;
  void place(const StepPlan& plan) noexcept;
  void choose_rows(const StepPlan& plan, Pooling pooling) noexcept;
  void pool(std::span<const float> hidden, std::span<const std::uint32_t> slots, Pooling pooling,
            float* out) const noexcept;

  const Model& model_;
  const std::uint32_t max_context_;
  std::unique_ptr<kv::PageArena> scratch_;
  StepPlan plan_;                      // the caller's, with pages of scratch_
  std::vector<std::uint32_t> owner_;   // [n_logits] the sequence that a chosen row belongs to
  std::vector<std::uint32_t> broken_;  // sequences of the last call
  std::vector<float> labels_;          // [max_seqs, n_labels]
  std::vector<float> chosen_;          // [max_seqs, d_model]
};

}  // namespace quern::engine
