// A loaded model: its hyperparameters and the weights that the forward pass reads.
// Threads: const after load. Ownership: holds the GGUF file, packed weights, and on machines with several NUMA nodes
// per-node copies of the rows of others, which stay in the file's map.
#pragma once

#include "base/byte_ledger.hpp"
#include "base/result.hpp"
#include "engine/arch/arch_spec.hpp"
#include "engine/backend.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/rope.hpp"
#include "engine/weight_packer.hpp"
#include "engine/weights.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/topology.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quern::engine {

// What a file says of its model, without the weights. ModelInfo's context_cost and n_labels come with those.
struct ModelOutline {
  ModelInfo info;
  HyperParams params;
};
// Errors: as Model::load(), for what stands in the keys.
Result<ModelOutline> outline_of(const gguf::GgufFile& file);

class Model {
 public:
  // Errors: unsupported (architecture, with the list of supported ones; tensor type), corrupt (missing or mis-shaped
  // tensor or key: name, expected, found), overloaded (memory budget).
  static Result<std::unique_ptr<Model>> load(std::unique_ptr<gguf::GgufFile> file, const kernels::Topology& topology,
                                             const kernels::CorePool& pool, const kernels::KernelTable& kernels,
                                             ByteLedger& ledger, const WeightOptions& options = {});

  const ModelInfo& info() const noexcept { return info_; }
  const ArchSpec& arch() const noexcept { return *arch_; }
  const HyperParams& params() const noexcept { return params_; }
  const ModelWeights& weights() const noexcept { return weights_; }
  const gguf::GgufFile& file() const noexcept { return *file_; }
  std::uint64_t weight_bytes() const noexcept { return reservation_.bytes(); }  // of the memory budget

  // The rotation of HyperParams::rope[index] for sequences of up to max_context positions: some models stretch their
  // frequencies only where the context asks for it.
  RopeTable rope(std::size_t index, std::uint32_t max_context) const;

 private:
  Model() = default;
  Status pack(const kernels::Topology& topology, const kernels::CorePool& pool, const kernels::KernelTable& kernels,
              Packing packing);
  std::unique_ptr<gguf::GgufFile> file_;
  const ArchSpec* arch_ = nullptr;
  ModelInfo info_;
  HyperParams params_;
  ModelWeights weights_;
  WeightStore store_;  // outlives weights_ users
  ByteLedger::Reservation reservation_;
};

}  // namespace quern::engine
