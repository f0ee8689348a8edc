#include "engine/weight_loader.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace quern::engine {

namespace {

// Rows per unit of work: what 16-row interleaved layouts need, and a whole cache line of outputs.
constexpr std::size_t kRowGranularity = 16;

}  // namespace

Result<ModelWeights> WeightLoader::load(const ArchSpec& arch) {
  ModelWeights weights;
  for (const TensorSpec<ModelWeights>& spec : arch.model_tensors) QUERN_CHECK(load_one(spec, spec.name, weights));
  if (!weights.output) weights.output = weights.token_embd;  // tied embeddings
  weights.layers.resize(params_.n_layers);
  for (std::uint32_t i = 0; i < params_.n_layers; ++i) {
    for (const TensorSpec<LayerWeights>& spec : arch.layer_tensors) {
      QUERN_CHECK(load_one(spec, fmt::format("blk.{}.{}", i, spec.name), weights.layers[i]));
    }
  }
  return weights;
}

template <class Owner>
Status WeightLoader::load_one(const TensorSpec<Owner>& spec, const std::string& name, Owner& owner) {
  if (!wanted(spec.presence)) return {};
  const gguf::Tensor* tensor = file_.find_tensor(name);
  if (tensor == nullptr) {
    if (spec.presence == Presence::optional) return {};
    return fail(Errc::corrupt, "{}: tensor {} is missing", file_.name(), name);
  }
  const std::uint64_t rows = length(spec.rows), cols = length(spec.cols);
  if (spec.vector != nullptr) {
    QUERN_CHECK(check_shape(*tensor, {rows}));
    QUERN_TRY(owner.*spec.vector, load_vector(*tensor));
  } else if (spec.matrix != nullptr) {
    QUERN_CHECK(check_shape(*tensor, {cols, rows}));
    QUERN_TRY(owner.*spec.matrix, load_matrix(*tensor, 0, rows, cols));
  } else {
    QUERN_CHECK(check_shape(*tensor, {cols, rows, params_.n_experts}));
    for (std::uint32_t e = 0; e < params_.n_experts; ++e) {
      QUERN_TRY(Matrix matrix, load_matrix(*tensor, e * rows, rows, cols));
      (owner.*spec.experts).push_back(std::move(matrix));
    }
  }
  return {};
}

bool WeightLoader::wanted(Presence presence) const noexcept {
  if (presence == Presence::dense) return params_.n_experts == 0;
  if (presence == Presence::expert) return params_.n_experts > 0;
  return true;
}

std::uint64_t WeightLoader::length(Dim dim) const noexcept {
  switch (dim) {
    case Dim::d_model:
      return params_.d_model;
    case Dim::q_width:
      return params_.q_width();
    case Dim::k_width:
      return params_.k_width();
    case Dim::v_width:
      return params_.v_width();
    case Dim::attn_width:
      return params_.attn_width();
    case Dim::d_ff:
      return params_.d_ff;
    case Dim::n_experts:
      return params_.n_experts;
    case Dim::n_vocab:
      return params_.n_vocab;
    case Dim::rope_pairs:
      return params_.rope.n_rot / 2;
  }
  return 0;
}

Status WeightLoader::check_shape(const gguf::Tensor& tensor, std::initializer_list<std::uint64_t> want) const {
  // Trailing dimensions of 1 may be stored or not.
  bool same = true;
  std::size_t i = 0;
  for (const std::uint64_t length : want) same = same && tensor.dims[i++] == length;
  for (; i < tensor.dims.size(); ++i) same = same && tensor.dims[i] == 1;
  if (same) return {};
  return fail(Errc::corrupt, "{}: tensor {}: want shape [{}], found [{}]", file_.name(), tensor.name,
              fmt::join(want, ", "), fmt::join(tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims, ", "));
}

Result<Vector> WeightLoader::load_vector(const gguf::Tensor& tensor) const {
  const kernels::QuantFormat& format = kernels::format_of(tensor.type);
  if (format.dequantize == nullptr) {
    return fail(Errc::unsupported, "{}: tensor {}: type {} cannot be decoded", file_.name(), tensor.name, format.name);
  }
  Vector out(tensor.n_values());
  format.dequantize(tensor.data.data(), out.size(), out.data());
  return out;
}

Result<Matrix> WeightLoader::load_matrix(const gguf::Tensor& tensor, std::size_t first_row, std::size_t n_rows,
                                         std::size_t n_cols) {
  const kernels::QuantFormat& format = kernels::format_of(tensor.type);
  const auto type = static_cast<std::size_t>(tensor.type);
  const bool runs = kernels_.matmul[static_cast<std::size_t>(kernels::Role::prefill)][type].run != nullptr &&
                    kernels_.matmul[static_cast<std::size_t>(kernels::Role::decode)][type].run != nullptr;
  if (!runs || format.dequantize == nullptr) {
    return fail(Errc::unsupported, "{}: tensor {}: no kernel for type {} on the {} tier", file_.name(), tensor.name,
                format.name, kernels_.isa);
  }
  Matrix m;
  m.format = &format;
  m.n_rows = n_rows;
  m.n_cols = n_cols;
  m.row_bytes = format.row_bytes(n_cols);
  m.file_base = tensor.data.data() + first_row * m.row_bytes;
  m.worker_rows = kernels::split_rows(n_rows, kRowGranularity, pool_);
  m.worker_base.assign(pool_.n_workers(), m.file_base);
  if (pool_.n_nodes() > 1) {
    QUERN_TRY(kernels::PlacedRows placed,
              kernels::PlacedRows::create(m.file_base, n_rows, m.row_bytes, kRowGranularity, pool_, topology_));
    for (std::uint32_t w = 0; w < pool_.n_workers(); ++w) m.worker_base[w] = placed.base_of_node(pool_.node_of(w));
    store_.placed.push_back(std::move(placed));
  }
  return m;
}

}  // namespace quern::engine
