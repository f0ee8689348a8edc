// A loaded model: its hyperparameters and the weights that the forward pass reads.
// Threads: const after load. Ownership: holds the GGUF file (weights stay in its map) and, on machines with several NUMA
// nodes, per-node copies of weight rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_ledger.hpp"
#include "base/result.hpp"
#include "engine/arch/arch_spec.hpp"
#include "engine/backend.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/weights.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/topology.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::engine {

class Model {
 public:
  // Errors: unsupported (architecture, with the list of supported ones; tensor type), corrupt (missing or mis-shaped
  // tensor or key: name, expected, found), overloaded (memory budget).
  static Result<std::unique_ptr<Model>> load(std::unique_ptr<gguf::GgufFile> file, const kernels::Topology& topology,
                                             const kernels::CorePool& pool, const kernels::KernelTable& kernels,
                                             ByteLedger& ledger);

  const ModelInfo& info() const noexcept { return info_; }
  const HyperParams& params() const noexcept { return params_; }
  const ModelWeights& weights() const noexcept { return weights_; }
  const gguf::GgufFile& file() const noexcept { return *file_; }

 private:
  Model() = default;
  std::unique_ptr<gguf::GgufFile> file_;
  ModelInfo info_;
  HyperParams params_;
  ModelWeights weights_;
  WeightStore store_;
  ByteLedger::Reservation reservation_;
};

}  // namespace quern::engine
