// Gemma 3n and Gemma 4 (text): scores without a scale, normalized values, embeddings of each token for each layer, and
// last layers that read the keys and values of earlier ones. Gemma 4's layers without a window have wider heads, whose
// values may be the keys before their norm; its mixtures stand beside a dense block. Gemma 3n carries four copies of
// the residual stream (AltUp), of which a layer computes one and corrects the others, has a low-rank path beside
// attention (LAuReL), and sets most gates of its first layers to 0.
// Source: configurations and modeling code of google/gemma-3n-E4B and google/gemma-4-26B-A4B; arXiv 2301.13310
// (AltUp), 2411.07501 (LAuReL). What Gemma 3n fixes is the same in all its models, and the reference reads no key for
// it.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kGemma4Model[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"output", optional, &M::output, Dim::n_vocab, Dim::d_model},
    {"rope_freqs.weight", optional, &M::rope_factors, Dim::rope_pairs},
    {"per_layer_token_embd.weight", optional, &M::per_layer_embd, Dim::n_vocab, Dim::per_layer_all},
    {"per_layer_model_proj", optional, &M::per_layer_proj, Dim::per_layer_all, Dim::d_model},
    {"per_layer_proj_norm", optional, &M::per_layer_norm, Dim::per_layer_width},
    {"altup_proj", optional, &M::streams_in, Dim::other_streams, Dim::d_model, Dim::d_model},
    {"altup_unembd_proj", optional, &M::streams_out, Dim::other_streams, Dim::d_model, Dim::d_model},
};
constexpr LayerTensor kGemma4Queries[] = {
    {"attn_q", required, &L::attn_q, Dim::q_width, Dim::d_model},
    {"attn_q_norm", required, &L::q_norm, Dim::d_head_k},
    {"attn_output", required, &L::attn_out, Dim::d_model, Dim::attn_width},
};
constexpr LayerTensor kGemma4Keys[] = {
    {"attn_k", required, &L::attn_k, Dim::k_width, Dim::d_model},
    {"attn_k_norm", required, &L::k_norm, Dim::d_head_k},
};
// Values may be missing, and layers that read others' may have some that nothing reads.
constexpr LayerTensor kGemma4Spare[] = {
    {"attn_v", optional, &L::attn_v, Dim::v_width, Dim::d_model},
    {"attn_k", optional, &L::attn_k, Dim::k_width, Dim::d_model},
    {"attn_k_norm", optional, &L::k_norm, Dim::d_head_k},
};
constexpr LayerTensor kPerLayer[] = {
    {"inp_gate", required, &L::per_layer_gate, Dim::per_layer_width, Dim::d_model},
    {"proj", required, &L::per_layer_out, Dim::d_model, Dim::per_layer_width},
    {"post_norm", required, &L::per_layer_norm, Dim::d_model},
};
constexpr LayerTensor kGemma4Scale[] = {
    {"layer_output_scale.weight", optional, &L::output_scale, Dim::one},
};
constexpr LayerTensor kGemma4Experts[] = {
    {"ffn_gate_inp", required, &L::router, Dim::n_experts, Dim::d_model, LayerTensor::Beside::left},
    {"ffn_gate_inp.scale", required, &L::router_norm, Dim::d_model},
    {"pre_ffw_norm_2", required, &L::expert_norm, Dim::d_model},
    {"post_ffw_norm_1", required, &L::dense_post_norm, Dim::d_model},
    {"post_ffw_norm_2", required, &L::expert_post_norm, Dim::d_model},
};
constexpr LayerTensor kStreams[] = {
    {"altup_router", required, &L::streams_router, Dim::n_streams, Dim::d_model},
    {"altup_router_norm", required, &L::streams_norm, Dim::d_model},
    {"altup_predict_coef", required, &L::streams_predict, Dim::n_streams_squared, Dim::n_streams},
    {"altup_correct_coef", required, &L::streams_correct, Dim::n_streams, Dim::n_streams},
    {"altup_correct_scale.weight", required, &L::streams_scale, Dim::d_model},
    {"laurel_l", required, &L::laurel_down, Dim::laurel_rank, Dim::d_model},
    {"laurel_r", required, &L::laurel_up, Dim::d_model, Dim::laurel_rank},
    {"laurel_post_norm", required, &L::laurel_norm, Dim::d_model},
};
constexpr TensorGroup kGemma4Layer[] = {
    {Where::every_layer, kPreNorms},    {Where::every_layer, kPostNorms}, {Where::attention, kGemma4Queries},
    {Where::own_kv, kGemma4Keys},       {Where::attention, kGemma4Spare}, {Where::dense, kGatedFfn},
    {Where::experts, kGemma4Experts},   {Where::experts, kExperts},       {Where::per_layer, kPerLayer},
    {Where::every_layer, kGemma4Scale},
};
constexpr TensorGroup kGemma3nLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::every_layer, kPostNorms}, {Where::attention, kGemma4Queries},
    {Where::own_kv, kGemma4Keys},    {Where::attention, kGemma4Spare}, {Where::dense, kGatedFfn},
    {Where::per_layer, kPerLayer},   {Where::every_layer, kStreams},
};

constexpr std::uint32_t kGemma3nStreams = 4, kGemma3nRank = 64, kGemma3nPerLayer = 256, kGemma3nOwnKv = 20;
constexpr std::uint32_t kGemma3nSparse = 10;    // layers
constexpr float kGemma3nSparsity = 1.6448534f;  // 95 of 100 values of a normal distribution lie below it

// What both have: windows with rotations of their own, values of unit size, a scale of 1.
Status read_gemma_attention(const KeyReader& keys, std::uint32_t period, HyperParams& p) {
  p.embedding_scale = std::sqrt(static_cast<float>(p.d_model));
  p.attention_scale = 1.0f;
  QUERN_CHECK(read_windows(keys, period, FullLayer::last, 0, p));
  QUERN_CHECK(read_local_rope(keys, 10000.0, p));
  for (LayerParams& layer : p.layers) layer.unit_v = true;
  return {};
}

// The layers from n_own on read the keys and values of the last layers of their kind before.
Status share_kv(const KeyReader& keys, std::uint32_t n_own, HyperParams& p) {
  for (std::uint32_t i = n_own; i < p.n_layers(); ++i) {
    LayerParams& layer = p.layers[i];
    const std::uint32_t back = layer.window != 0 ? 2 : 1;
    const LayerParams* from = n_own >= back ? &p.layers[n_own - back] : nullptr;
    if (from == nullptr || (from->window != 0) != (layer.window != 0) || from->n_kv_heads != layer.n_kv_heads ||
        from->d_head_k != layer.d_head_k || from->d_head_v != layer.d_head_v)
      return fail(
          Errc::unsupported,
          "{}: want the last two of the {} layers with keys and values to be one with a window and one without, "
          "with the heads of those that follow, found others for layer {}",
          keys.name("attention.shared_kv_layers"), n_own, i);
    layer.shares_kv = true;
    layer.kv_from = n_own - back;
  }
  return {};
}

// Layers with a window have heads and rotations of other widths.
Status read_local_heads(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(const std::uint32_t d_key, keys.count_or("attention.key_length_swa", 4, kMaxHeadWidth, p.d_head_k));
  QUERN_TRY(const std::uint32_t d_value, keys.count_or("attention.value_length_swa", 4, kMaxHeadWidth, p.d_head_v));
  QUERN_TRY(const std::uint32_t n_rot, keys.count_or("rope.dimension_count_swa", 2, kMaxHeadWidth, d_key));
  for (const auto& [key, found, step] : {std::tuple{"attention.key_length_swa", d_key, 4u},
                                         {"attention.value_length_swa", d_value, 4u},
                                         {"rope.dimension_count_swa", n_rot, 2u}}) {
    if (found % step != 0)
      return fail(Errc::unsupported, "{}: want a multiple of {}, found {}", keys.name(key), step, found);
  }
  if (n_rot > d_key)
    return fail(Errc::corrupt, "{}: want up to the head width {}, found {}", keys.name("rope.dimension_count_swa"),
                d_key, n_rot);
  p.rope[1].n_rot = n_rot;
  for (LayerParams& layer : p.layers) {
    if (layer.window == 0) continue;
    layer.d_head_k = d_key;
    layer.d_head_v = d_value;
  }
  p.d_head_k = std::max(p.d_head_k, d_key);
  p.d_head_v = std::max(p.d_head_v, d_value);
  return {};
}

// A layer without values of its own takes its keys for them.
Status check_missing_values(const KeyReader& keys, const HyperParams& p) {
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    const LayerParams& layer = p.layers[i];
    if (layer.shares_kv || layer.d_head_k == layer.d_head_v) continue;
    if (keys.file().find_tensor(fmt::format("blk.{}.attn_v.weight", i)) == nullptr)
      return fail(Errc::corrupt,
                  "tensor blk.{}.attn_v.weight is missing, and keys of {} values do not fit values of {}", i,
                  layer.d_head_k, layer.d_head_v);
  }
  return {};
}

Status check_per_layer(const KeyReader& keys, const HyperParams& p) {
  for (const char* const name : {"per_layer_token_embd", "per_layer_model_proj", "per_layer_proj_norm"}) {
    if (p.per_layer.width > 0 && keys.file().find_tensor(fmt::format("{}.weight", name)) == nullptr)
      return fail(Errc::corrupt, "{} is {}, but tensor {}.weight is missing",
                  keys.name("embedding_length_per_layer_input"), p.per_layer.width, name);
  }
  if (std::uint64_t{p.per_layer.width} * p.n_layers() > kMaxWidth)
    return fail(Errc::corrupt, "{}: {} values for each of {} layers are more than {}",
                keys.name("embedding_length_per_layer_input"), p.per_layer.width, p.n_layers(), kMaxWidth);
  return {};
}

Status adjust_gemma4(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_gemma_attention(keys, 6, p));
  QUERN_CHECK(read_local_heads(keys, p));
  QUERN_TRY(const std::uint32_t n_shared, keys.count_or("attention.shared_kv_layers", 0, p.n_layers() - 1, 0));
  QUERN_CHECK(share_kv(keys, p.n_layers() - n_shared, p));
  QUERN_CHECK(check_missing_values(keys, p));
  QUERN_TRY(p.per_layer.width, keys.count_or("embedding_length_per_layer_input", 0, kMaxWidth, 0));
  QUERN_CHECK(check_per_layer(keys, p));
  QUERN_TRY(p.final_softcap, keys.number_or("final_logit_softcapping", 0, kMaxFloatKey, 30.0));
  p.moe.router_scale = 1.0f / std::sqrt(static_cast<float>(p.d_model));
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    LayerParams& layer = p.layers[i];
    layer.experts = layer.experts && keys.file().find_tensor(fmt::format("blk.{}.ffn_gate_inp.weight", i)) != nullptr;
    layer.dense = true;
  }
  return {};
}

Status adjust_gemma3n(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_gemma_attention(keys, 5, p));
  p.per_layer = {.width = kGemma3nPerLayer, .n_streams = kGemma3nStreams, .laurel_rank = kGemma3nRank};
  for (const auto& [key, want] : {std::pair{"embedding_length_per_layer_input", kGemma3nPerLayer},
                                  {"altup.num_inputs", kGemma3nStreams},
                                  {"altup.active_idx", 0u}}) {
    QUERN_TRY(const std::uint32_t found, keys.count_or(key, 0, kMaxWidth, want));
    QUERN_CHECK(require_same(keys, key, found, want));
  }
  QUERN_CHECK(check_per_layer(keys, p));
  const std::uint32_t n_own = std::min(kGemma3nOwnKv, p.n_layers());
  QUERN_TRY(const std::uint32_t n_shared,
            keys.count_or("attention.shared_kv_layers", 0, kMaxLayers, p.n_layers() - n_own));
  QUERN_CHECK(require_same(keys, "attention.shared_kv_layers", n_shared, p.n_layers() - n_own));
  QUERN_CHECK(share_kv(keys, n_own, p));
  keys.ignore("activation_sparsity_scale");  // of the layers that have any it is always the same
  for (std::uint32_t i = 0; i < std::min(kGemma3nSparse, p.n_layers()); ++i) p.layers[i].sparsity = kGemma3nSparsity;
  QUERN_TRY(p.final_softcap, keys.number_or("final_logit_softcapping", 0, kMaxFloatKey, 30.0));
  for (const char* const name : {"altup_proj", "altup_unembd_proj"}) {
    if (keys.file().find_tensor(fmt::format("{}.weight", name)) == nullptr)
      return fail(Errc::corrupt, "{}: tensor {}.weight is missing", keys.file().name(), name);
  }
  return {};
}

}  // namespace

extern const ArchSpec kGemma3n{.gguf_arch = "gemma3n",
                               .rope = RopeStyle::split,
                               .activation = Activation::gelu,
                               .adjust = &adjust_gemma3n,
                               .model_tensors = kGemma4Model,
                               .layer_tensors = kGemma3nLayer};

extern const ArchSpec kGemma4{.gguf_arch = "gemma4",
                              .rope = RopeStyle::split,
                              .activation = Activation::gelu,
                              .mixture = {.use = MixtureRule::Use::optional, .width = MixtureRule::Width::own},
                              .adjust = &adjust_gemma4,
                              .model_tensors = kGemma4Model,
                              .layer_tensors = kGemma4Layer};

}  // namespace quern::engine
