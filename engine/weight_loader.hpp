// Finds the tensors that an architecture lists, checks their shapes and types, and places them for the pool's workers.
// What nothing of the model uses must be foreign to it (arch/leftovers.hpp), or the file is refused.
// Threads: one. Errors: corrupt (missing or mis-shaped tensor: name, expected, found), unsupported (tensor type without
// a kernel, tensor that is not used), io (no memory for copies), overloaded (no budget for them).
#pragma once

#include "base/result.hpp"
#include "engine/arch/arch_spec.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/weights.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/topology.hpp"

#include <string>
#include <vector>

namespace quern::engine {

class WeightLoader {
 public:
  WeightLoader(const gguf::GgufFile& file, const HyperParams& params, const kernels::Topology& topology,
               const kernels::CorePool& pool, const kernels::KernelTable& kernels, ByteLedger& ledger,
               WeightStore& store, bool will_be_packed = false)
      : file_(file),
        params_(params),
        topology_(topology),
        pool_(pool),
        kernels_(kernels),
        ledger_(ledger),
        store_(store),
        will_be_packed_(will_be_packed),
        used_(file.tensors().size()) {}

  Result<ModelWeights> load(const ArchSpec& arch);

 private:
  template <class Owner>
  Status load_one(const TensorSpec<Owner>& spec, const std::string& name, Owner& owner);
  template <class Owner>
  Status load_parts(const TensorSpec<Owner>& spec, const gguf::Tensor& tensor, const std::string& name, Owner& owner);
  Status load_many(const gguf::Tensor& tensor, const std::string& name, std::uint64_t count, std::uint64_t rows,
                   std::uint64_t cols, std::vector<Linear>& to);
  Status load_halves(const gguf::Tensor& tensor, const std::string& name, std::uint64_t count, std::uint64_t rows,
                     std::uint64_t cols, std::vector<Linear>& first, std::vector<Linear>& second);
  Status load_joint(const gguf::Tensor& tensor, const std::string& name, std::vector<Linear>& keys,
                    std::vector<Linear>& values);
  // What stands beside "<name>.weight".
  struct Companions {
    Vector bias;   // empty: none
    Vector scale;  // one factor, or one per matrix of several; empty: none
  };
  Result<Companions> load_companions(const std::string& name, std::initializer_list<std::uint64_t> bias_shape,
                                     std::uint64_t n_matrices);
  Result<Vector> load_scale(const std::string& name, std::uint64_t n_matrices);
  Result<Vector> load_bias(const std::string& name, std::initializer_list<std::uint64_t> shape);
  void add_bare_norms(ModelWeights& weights) const;
  const gguf::Tensor* use(const std::string& name);  // nullptr: missing
  Status refuse_unused(const ArchSpec& arch) const;
  Status check_shape(const gguf::Tensor& tensor, std::initializer_list<std::uint64_t> want) const;
  Result<Vector> load_vector(const gguf::Tensor& tensor) const;
  Result<Matrix> load_matrix(const gguf::Tensor& tensor, std::size_t first_row, std::size_t n_rows, std::size_t n_cols);

  const gguf::GgufFile& file_;
  const HyperParams& params_;
  const kernels::Topology& topology_;
  const kernels::CorePool& pool_;
  const kernels::KernelTable& kernels_;
  ByteLedger& ledger_;
  WeightStore& store_;
  const bool will_be_packed_;  // what can be: it is placed then
  bool norms_have_bias_ = false;
  const LayerParams* layer_ = nullptr;  // whose tensors are being loaded
  std::vector<bool> used_;              // of the file's tensors
};

}  // namespace quern::engine
