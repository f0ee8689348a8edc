#include "engine/weight_loader.hpp"

#include "engine/arch/leftovers.hpp"
#include "engine/gguf/printable.hpp"
#include "engine/weight_packer.hpp"
#include "kernels/quant/fp16.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/ranges.h>

namespace quern::engine {

namespace {

// Rows per unit of work: what 16-row interleaved layouts need, and a whole cache line of outputs.
constexpr std::size_t kRowGranularity = 16;

// Whether an alternative listed earlier has filled the target.
template <class Owner>
bool loaded(const TensorSpec<Owner>& spec, const Owner& owner) noexcept {
  if (spec.norm != nullptr) return static_cast<bool>(owner.*spec.norm);
  if (spec.parts[0].first != nullptr) return static_cast<bool>(owner.*spec.parts[0].first);
  if (spec.many != nullptr) return !(owner.*spec.many).empty();
  return false;
}

// [rows][cols] -> [cols][rows]
Vector transposed(const Vector& values, std::size_t rows, std::size_t cols) {
  Vector out(values.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) out[c * rows + r] = values[r * cols + c];
  }
  return out;
}

}  // namespace

Result<ModelWeights> WeightLoader::load(const ArchSpec& arch) {
  ModelWeights weights;
  norms_have_bias_ = arch.norm == NormKind::layer || arch.norm == NormKind::rms_with_bias;
  layer_ = &params_.layers.front();
  for (const TensorSpec<ModelWeights>& spec : arch.model_tensors) QUERN_CHECK(load_one(spec, spec.name, weights));
  if (!weights.output && arch.generates) weights.output.matrix = weights.token_embd;  // tied embeddings
  weights.output.matrix.coarse = true;
  weights.layers.resize(params_.n_layers());
  for (std::uint32_t i = 0; i < params_.n_layers(); ++i) {
    for (const TensorGroup& group : arch.layer_tensors) {
      layer_ = &params_.layers[i];
      if (!has_group(group.where, params_, *layer_)) continue;
      for (const TensorSpec<LayerWeights>& spec : group.tensors) {
        QUERN_CHECK(load_one(spec, fmt::format("{}.{}.{}", arch.layer_prefix, i, spec.name), weights.layers[i]));
      }
    }
    weights.layers[i].allow_coarse_ffn();
  }
  if (arch.norm == NormKind::bare_layer) add_bare_norms(weights);
  QUERN_CHECK(refuse_unused(arch));
  return weights;
}

void WeightLoader::add_bare_norms(ModelWeights& weights) const {
  const Vector ones(params_.d_model, 1.0f);
  weights.output_norm.weight = ones;
  for (LayerWeights& layer : weights.layers) layer.attn_norm.weight = layer.ffn_norm.weight = ones;
}

template <class Owner>
Status WeightLoader::load_one(const TensorSpec<Owner>& spec, const std::string& name, Owner& owner) {
  // What may have a bias is named without its ending.
  const bool has_ending = spec.vector != nullptr || spec.taps != nullptr || spec.matrix != nullptr;
  const std::string full = has_ending ? name : name + ".weight";
  if (loaded(spec, owner)) return {};
  const gguf::Tensor* tensor = use(full);
  if (tensor == nullptr && spec.norm != nullptr) tensor = use(name);  // some files leave the ending out
  if (tensor == nullptr) {
    if (spec.presence == Presence::optional) return {};
    return fail(Errc::corrupt, "{}: tensor {} is missing", file_.name(), full);
  }
  const std::uint64_t rows = length_of(spec.rows, params_, *layer_, tensor->dims[1]),
                      cols = length_of(spec.cols, params_, *layer_, tensor->dims[0]);
  const std::uint64_t count = length_of(spec.count, params_, *layer_, 1);
  if (spec.vector != nullptr) {
    if (tensor->n_values() != rows || rows == 0) QUERN_CHECK(check_shape(*tensor, {rows}));
    QUERN_TRY(owner.*spec.vector, load_vector(*tensor));
  } else if (spec.taps != nullptr) {
    QUERN_CHECK(check_shape(*tensor, {cols, rows}));
    QUERN_TRY(const Vector values, load_vector(*tensor));
    (owner.*spec.taps).values = transposed(values, rows, cols);
  } else if (spec.norm != nullptr) {
    QUERN_CHECK(check_shape(*tensor, {rows, count}));
    QUERN_TRY((owner.*spec.norm).weight, load_vector(*tensor));
    if (norms_have_bias_) {
      QUERN_TRY((owner.*spec.norm).bias, load_bias(name, {rows, count}));
    }
  } else if (spec.matrix != nullptr) {
    QUERN_CHECK(check_shape(*tensor, {cols, rows}));
    QUERN_TRY(owner.*spec.matrix, load_matrix(*tensor, 0, rows, cols));
  } else if (spec.values != nullptr) {
    QUERN_CHECK(check_shape(*tensor, {cols, rows}));
    QUERN_CHECK(load_joint(*tensor, name, owner.*spec.many, owner.*spec.values));
  } else if (spec.second != nullptr) {
    QUERN_CHECK(load_halves(*tensor, name, count, rows, cols, owner.*spec.many, owner.*spec.second));
  } else if (spec.many != nullptr) {
    QUERN_CHECK(load_many(*tensor, name, count, rows, cols, owner.*spec.many));
  } else {
    QUERN_CHECK(load_parts(spec, *tensor, name, owner));
  }
  return {};
}

// One matrix, or several whose rows follow each other.
template <class Owner>
Status WeightLoader::load_parts(const TensorSpec<Owner>& spec, const gguf::Tensor& tensor, const std::string& name,
                                Owner& owner) {
  const std::uint64_t cols = length_of(spec.cols, params_, *layer_, tensor.dims[0]);
  std::uint64_t all_rows = 0;
  for (const auto& [to, dim] : spec.parts)
    all_rows += to != nullptr ? length_of(dim, params_, *layer_, tensor.dims[1]) : 0;
  QUERN_CHECK(check_shape(tensor, {cols, all_rows}));
  Companions with;
  if (!spec.bare) {
    QUERN_TRY(with, load_companions(name, {all_rows}, 1));
  }
  std::uint64_t first = 0;
  for (const auto& [to, dim] : spec.parts) {
    if (to == nullptr) continue;
    const std::uint64_t rows = length_of(dim, params_, *layer_, tensor.dims[1]);
    Linear& linear = owner.*to;
    QUERN_TRY(linear.matrix, load_matrix(tensor, first, rows, cols));
    if (!with.scale.empty()) linear.scale = with.scale.front();
    if (!with.bias.empty()) {
      const auto begin = with.bias.begin() + static_cast<std::ptrdiff_t>(first);
      linear.bias.assign(begin, begin + static_cast<std::ptrdiff_t>(rows));
    }
    first += rows;
  }
  return {};
}

Status WeightLoader::load_many(const gguf::Tensor& tensor, const std::string& name, std::uint64_t count,
                               std::uint64_t rows, std::uint64_t cols, std::vector<Linear>& to) {
  QUERN_CHECK(check_shape(tensor, {cols, rows, count}));
  QUERN_TRY(const Companions with, load_companions(name, {rows, count}, count));
  for (std::uint64_t i = 0; i < count; ++i) {
    Linear linear;
    QUERN_TRY(linear.matrix, load_matrix(tensor, i * rows, rows, cols));
    if (!with.scale.empty()) linear.scale = with.scale[with.scale.size() == 1 ? 0 : i];
    if (!with.bias.empty()) {
      const auto begin = with.bias.begin() + static_cast<std::ptrdiff_t>(i * rows);
      linear.bias.assign(begin, begin + static_cast<std::ptrdiff_t>(rows));
    }
    to.push_back(std::move(linear));
  }
  return {};
}

// The first half of each matrix's rows and the second.
Status WeightLoader::load_halves(const gguf::Tensor& tensor, const std::string& name, std::uint64_t count,
                                 std::uint64_t rows, std::uint64_t cols, std::vector<Linear>& first,
                                 std::vector<Linear>& second) {
  QUERN_CHECK(check_shape(tensor, {cols, 2 * rows, count}));
  QUERN_TRY(const Companions with, load_companions(name, {2 * rows, count}, count));
  for (std::uint64_t i = 0; i < 2 * count; ++i) {
    Linear linear;
    QUERN_TRY(linear.matrix, load_matrix(tensor, i * rows, rows, cols));
    if (!with.scale.empty()) linear.scale = with.scale[with.scale.size() == 1 ? 0 : i / 2];
    if (!with.bias.empty()) {
      const auto begin = with.bias.begin() + static_cast<std::ptrdiff_t>(i * rows);
      linear.bias.assign(begin, begin + static_cast<std::ptrdiff_t>(rows));
    }
    (i % 2 == 0 ? first : second).push_back(std::move(linear));
  }
  return {};
}

// Keys' rows become columns, in F32 where the file has that and else in F16, whose 11 bits are more than what files
// with blocks keep. Values stay where they are.
Status WeightLoader::load_joint(const gguf::Tensor& tensor, const std::string& name, std::vector<Linear>& keys,
                                std::vector<Linear>& values) {
  const std::size_t d_key = params_.latent.d_nope, d_value = params_.latent.d_value, rank = params_.latent.kv_rank;
  const std::size_t n_heads = params_.n_heads;
  const kernels::QuantFormat& format = kernels::format_of(tensor.type);
  if (file_.find_tensor(name + ".bias") != nullptr)
    return fail(Errc::unsupported, "{}: tensor {}.bias is not supported", file_.name(), name);
  QUERN_TRY(const Vector scale, load_scale(name, 1));
  const float factor = scale.empty() ? 1.0f : scale.front();
  if (format.dequantize == nullptr)
    return fail(Errc::unsupported, "{}: tensor {}: type {} cannot be decoded", file_.name(), tensor.name, format.name);
  const bool is_f32 = tensor.type == kernels::TensorType::f32;
  const std::size_t value_bytes = is_f32 ? sizeof(float) : sizeof(std::uint16_t);
  WeightStore::Derived derived;
  const std::size_t size_bytes = n_heads * d_key * rank * value_bytes;
  QUERN_TRY(derived.reservation, ledger_.reserve(MemoryUse::weights, size_bytes));
  QUERN_TRY(derived.values, kernels::NumaBuffer::allocate(topology_, size_bytes, kernels::NumaBuffer::kAnyNode));
  std::byte* const to = derived.values.bytes().data();
  Vector row(rank);
  for (std::size_t head = 0; head < n_heads; ++head) {
    const std::size_t first = head * (d_key + d_value);
    for (std::size_t key = 0; key < d_key; ++key) {
      format.dequantize(tensor.data.data() + (first + key) * format.row_bytes(rank), rank, row.data());
      for (std::size_t i = 0; i < rank; ++i) {
        std::byte* const at = to + ((head * rank + i) * d_key + key) * value_bytes;
        if (is_f32) {
          std::memcpy(at, &row[i], value_bytes);
        } else {
          const std::uint16_t half = kernels::f32_to_f16(row[i]);
          std::memcpy(at, &half, value_bytes);
        }
      }
    }
    QUERN_TRY(Matrix value, load_matrix(tensor, first + d_key, d_value, rank));
    values.push_back({std::move(value), {}, factor});
  }
  const gguf::Tensor transposed{.name = tensor.name,
                                .type = is_f32 ? kernels::TensorType::f32 : kernels::TensorType::f16,
                                .n_dims = 3,
                                .dims = {d_key, rank, n_heads, 1},
                                .data = derived.values.bytes()};
  store_.derived.push_back(std::move(derived));                    // its memory stays where it is
  return load_many(transposed, name, n_heads, rank, d_key, keys);  // with the same scale
}

// Empty where there is none.
Result<Vector> WeightLoader::load_bias(const std::string& name, std::initializer_list<std::uint64_t> shape) {
  const gguf::Tensor* tensor = use(name + ".bias");
  if (tensor == nullptr) return Vector{};
  QUERN_CHECK(check_shape(*tensor, shape));
  return load_vector(*tensor);
}

Result<Vector> WeightLoader::load_scale(const std::string& name, std::uint64_t n_matrices) {
  // For engines that quantize activations beforehand. Ours scale each row by what is in it.
  use(name + ".input_scale");
  const gguf::Tensor* tensor = use(name + ".scale");
  if (tensor == nullptr) return Vector{};
  if (tensor->n_values() != 1) QUERN_CHECK(check_shape(*tensor, {n_matrices}));
  QUERN_TRY(Vector scale, load_vector(*tensor));
  const auto bad = std::find_if_not(scale.begin(), scale.end(), [](float factor) { return std::isfinite(factor); });
  if (bad == scale.end()) return scale;
  return fail(Errc::corrupt, "{}: tensor {}: want finite factors, found {}", file_.name(), tensor->name, *bad);
}

Result<WeightLoader::Companions> WeightLoader::load_companions(const std::string& name,
                                                               std::initializer_list<std::uint64_t> bias_shape,
                                                               std::uint64_t n_matrices) {
  Companions out;
  QUERN_TRY(out.bias, load_bias(name, bias_shape));
  QUERN_TRY(out.scale, load_scale(name, n_matrices));
  return out;
}

const gguf::Tensor* WeightLoader::use(const std::string& name) {
  const gguf::Tensor* tensor = file_.find_tensor(name);
  if (tensor != nullptr) used_[static_cast<std::size_t>(tensor - file_.tensors().data())] = true;
  return tensor;
}

Status WeightLoader::refuse_unused(const ArchSpec& arch) const {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const gguf::Tensor& tensor = file_.tensors()[i];
    if (used_[i] || is_foreign_tensor(tensor.name, params_)) continue;
    return fail(Errc::unsupported,
                "{}: tensor {}: want no such tensor in this place of architecture '{}', found one of shape [{}]; what "
                "it is for would not be computed",
                file_.name(), gguf::printable(tensor.name), arch.gguf_arch,
                fmt::join(tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims, ", "));
  }
  return {};
}

// Trailing dimensions of 1 may be stored or not.
Status WeightLoader::check_shape(const gguf::Tensor& tensor, std::initializer_list<std::uint64_t> want) const {
  std::array<std::uint64_t, 4> dims{1, 1, 1, 1};
  std::copy(want.begin(), want.end(), dims.begin());
  if (dims == tensor.dims) {
    if (tensor.n_values() > 0) return {};
    return fail(Errc::corrupt, "{}: tensor {}: want 1 or more values, found none", file_.name(), tensor.name);
  }
  std::size_t n = want.size();
  while (n > 1 && dims[n - 1] == 1) --n;
  return fail(Errc::corrupt, "{}: tensor {}: want shape [{}], found [{}]", file_.name(), tensor.name,
              fmt::join(dims.begin(), dims.begin() + n, ", "),
              fmt::join(tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims, ", "));
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
  if (pool_.n_nodes() > 1 && !(will_be_packed_ && can_pack(kernels_, tensor.type, n_rows))) {
    QUERN_TRY(kernels::PlacedRows placed,
              kernels::PlacedRows::create(m.file_base, n_rows, m.row_bytes, kRowGranularity, pool_, topology_));
    for (std::uint32_t w = 0; w < pool_.n_workers(); ++w) m.worker_base[w] = placed.base_of_node(pool_.node_of(w));
    store_.placed.push_back(std::move(placed));
  }
  return m;
}

}  // namespace quern::engine
