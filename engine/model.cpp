#include "engine/model.hpp"

#include "base/log.hpp"
#include "engine/arch/leftovers.hpp"
#include "engine/arch/read_params.hpp"
#include "engine/weight_loader.hpp"

#include <algorithm>
#include <iterator>

namespace quern::engine {

namespace {

// Source: the list of translations in Ollama's loader (formats of 2026), as far as the names are its own.
constexpr std::string_view kNamesOfOllama[] = {"gptoss", "qwen25vl",    "olmo3",       "mllama", "embeddinggemma",
                                               "glmocr", "glm4moelite", "deepseekocr", "laguna", "nemotron_h_omni"};

Result<const ArchSpec*> architecture_of(const gguf::GgufFile& file) {
  QUERN_TRY(const std::string_view name, file.get_string("general.architecture"));
  if (const ArchSpec* arch = find_architecture(name); arch != nullptr) return arch;
  if (std::find(std::begin(kNamesOfOllama), std::end(kNamesOfOllama), name) != std::end(kNamesOfOllama))
    return fail(
        Errc::unsupported,
        "{}: general.architecture: '{}' is a name of Ollama's, whose files of it are in a form that only Ollama "
        "reads (it translates them when it loads them); take the same model from hf.co/ORG/NAME-GGUF",
        file.name(), name);
  std::string supported;
  for (const ArchSpec* arch : architectures())
    supported += fmt::format("{}{}", supported.empty() ? "" : ", ", arch->gguf_arch);
  return fail(Errc::unsupported, "{}: general.architecture: '{}' is not supported; supported: {}", file.name(), name,
              supported);
}

Result<ModelInfo> describe(const gguf::GgufFile& file, const ArchSpec& arch, const HyperParams& params) {
  ModelInfo info;
  QUERN_TRY(const std::string_view name, file.get_string_or("general.name", ""));
  info.name = name;
  info.architecture = arch.gguf_arch;
  info.n_vocab = params.n_vocab;
  info.n_layers = params.n_layers();
  info.n_embd = params.d_model;
  info.n_context_train = params.n_context_train;
  // Without a causal mask a decoder is an encoder: some embedding models are made this way.
  info.generates = arch.generates && params.causal;
  info.pooling = params.pooling;
  for (const gguf::Tensor& tensor : file.tensors()) {
    info.n_params += tensor.n_values();
    info.size_bytes += tensor.data.size();
  }
  return info;
}

// Work of attention as a part of a token's matrix products (ModelInfo::context_cost).
ContextCost context_cost(const HyperParams& params, const ModelWeights& weights) {
  const auto size = [](const Matrix& m) { return static_cast<double>(m.n_rows) * static_cast<double>(m.n_cols); };
  double products = size(weights.output.matrix), experts = 0;
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    weights.layers[i].for_each_matrix([&](const Matrix& m) { products += size(m); });
    weights.layers[i].for_each_expert_matrix([&](const Matrix& m) { experts += size(m); });
  }
  if (params.moe.n_experts > 0) products += experts * params.moe.n_used / params.moe.n_experts;
  ContextCost out;
  if (products <= 0) return out;
  for (const LayerParams& layer : params.layers) {
    if (is_attention(layer.mixer))
      out.add((static_cast<double>(layer.q_width()) + layer.attn_width()) / products, layer.window);
  }
  return out;
}

// A ranking model needs a head to rank with.
Status check_pooling(const gguf::GgufFile& file, const HyperParams& params, const ModelWeights& weights) {
  if (params.pooling != Pooling::rank || weights.cls || weights.cls_out) return {};
  return fail(Errc::corrupt, "{}: pooling_type is rank, but tensors cls.weight and cls.output.weight are missing",
              file.name());
}

}  // namespace

Result<ModelOutline> outline_of(const gguf::GgufFile& file) {
  QUERN_TRY(const ArchSpec* arch, architecture_of(file));
  const KeyReader keys(file, arch->gguf_arch);
  ModelOutline out;
  QUERN_TRY(out.params, read_params(*arch, keys));
  QUERN_CHECK(refuse_leftover_keys(keys, *arch, out.params));
  QUERN_TRY(out.info, describe(file, *arch, out.params));
  return out;
}

Result<std::unique_ptr<Model>> Model::load(std::unique_ptr<gguf::GgufFile> file, const kernels::Topology& topology,
                                           const kernels::CorePool& pool, const kernels::KernelTable& kernels,
                                           ByteLedger& ledger, const WeightOptions& options) {
  QUERN_TRY(const ArchSpec* arch, architecture_of(*file));
  QUERN_TRY(ModelOutline outline, outline_of(*file));
  auto model = std::unique_ptr<Model>(new Model());
  model->params_ = std::move(outline.params);
  model->info_ = std::move(outline.info);
  // The mapped file; where rows are packed or copied to NUMA nodes, that instead: their mapped pages are not read
  // again.
  QUERN_TRY(model->reservation_, ledger.reserve(MemoryUse::weights, model->info_.size_bytes));
  model->arch_ = arch;
  WeightLoader loader(*file, model->params_, topology, pool, kernels, ledger, model->store_,
                      options.pack != Packing::off);
  QUERN_TRY(model->weights_, loader.load(*arch));
  QUERN_CHECK(check_pooling(*file, model->params_, model->weights_));
  if (model->params_.d_dense > 0 && !(model->weights_.dense_2 && model->weights_.dense_3))
    return fail(Errc::corrupt,
                "{}: {}.dense_2_feat_out is {}, but tensors dense_2.weight and dense_3.weight are missing",
                file->name(), arch->gguf_arch, model->params_.d_dense);
  model->info_.context_cost = context_cost(model->params_, model->weights_);
  model->info_.n_labels = static_cast<std::uint32_t>(model->weights_.cls_out.matrix.n_rows);
  model->file_ = std::move(file);
  set_arithmetic(model->weights_, options.arithmetic);
  QUERN_CHECK(model->pack(topology, pool, kernels, options.pack));
  return model;
}

Status Model::pack(const kernels::Topology& topology, const kernels::CorePool& pool,
                   const kernels::KernelTable& kernels, Packing packing) {
  if (packing == Packing::off) return {};
  WeightPacker packer(weights_, kernels, pool);
  if (packer.packed_bytes() == 0) return {};
  // A matrix that two names of the file share may be packed twice.
  const std::uint64_t kept = info_.size_bytes - std::min(info_.size_bytes, packer.source_bytes());
  if (const Status fits = reservation_.resize(kept + packer.packed_bytes()); !fits) {
    if (packing == Packing::on) return fits;
    log::info("{}: weights are not packed: {}", file_->name(), fits.error().detail);
    return {};
  }
  return packer.pack(*file_, topology, store_);
}

RopeTable Model::rope(std::size_t index, std::uint32_t max_context) const {
  const RopeParams& rope = params_.rope[index];
  if (index != 0) return RopeTable(rope, {});
  if (!weights_.rope_factors.empty()) return RopeTable(rope, weights_.rope_factors);
  return RopeTable(rope, max_context > rope.original_context ? weights_.rope_long : weights_.rope_short);
}

}  // namespace quern::engine
