// Loads a model image, and where that succeeds computes a few tokens with it: whatever the file says, it must be an
// error or a computation inside its buffers, never the end of the process. The scalar tier, one worker.
#pragma once

#include "base/byte_ledger.hpp"
#include "engine/forward.hpp"
#include "kernels/cpu/isa.hpp"

#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

namespace quern::test {

class ModelTrial {
 public:
  ModelTrial()
      : topology_(*kernels::read_topology({})),
        pool_(*kernels::CorePool::create(topology_, {.n_workers = 1})),
        kernels_(*kernels::select_tier("scalar")) {}

  // The error, or nothing where the model loaded and ran.
  std::optional<Error> run(std::span<const std::byte> image) {
    auto file = engine::gguf::GgufFile::parse(image, "trial.gguf");
    if (!file) return file.error();
    ByteLedger ledger(std::uint64_t{1} << 28);
    auto model = engine::Model::load(std::move(*file), topology_, *pool_, *kernels_, ledger);
    if (!model) return model.error();
    const engine::HyperParams& params = (*model)->params();
    std::unique_ptr<kv::PageArena> arena;
    if ((*model)->info().generates) {
      auto created =
          kv::PageArena::create(engine::kv_config_for(params, kernels::KvType::f32, kPageTokens, 2), topology_, ledger);
      if (!created) return created.error();
      arena = std::move(*created);
    }
    const engine::BackendLimits limits{.max_tokens_per_step = 8,
                                       .max_seqs_per_step = 2,
                                       .max_logits_per_step = 2,
                                       .max_context = params.n_learned_positions != 0
                                                          ? std::min(params.n_learned_positions, 2 * kPageTokens)
                                                          : 2 * kPageTokens};
    auto executor = engine::CpuExecutor::create(**model, arena.get(), *pool_, *kernels_, limits, topology_, ledger);
    if (!executor) return executor.error();
    compute(**executor, **model, std::min(limits.max_context, 5u));
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t kPageTokens = 8;

  static void compute(engine::CpuExecutor& executor, const engine::Model& model, std::uint32_t n_tokens) {
    engine::StepPlan plan;
    plan.clear();
    for (std::uint32_t i = 0; i < n_tokens; ++i) {
      plan.token.push_back(static_cast<std::int32_t>(i % model.params().n_vocab));
      plan.position.push_back(static_cast<std::int32_t>(i));
      plan.kv_slot.push_back(i);
    }
    plan.seq_begin.push_back(n_tokens);
    plan.pages_max = 2;
    plan.page_table = {0, 1};
    plan.state_page = {0};
    plan.logits_tokens = {n_tokens - 1};
    plan.cancelled = {nullptr};
    if (model.info().generates) {
      std::vector<float> logits(model.params().n_vocab);
      executor.forward(plan, logits);
    }
    if (executor.can_embed()) {
      std::vector<float> out(executor.embedding_width(model.info().pooling) * std::size_t{n_tokens});
      std::ignore = executor.embed(plan, model.info().pooling, out);
    }
  }

  kernels::Topology topology_;
  std::unique_ptr<kernels::CorePool> pool_;
  const kernels::KernelTable* kernels_;
};

}  // namespace quern::test
