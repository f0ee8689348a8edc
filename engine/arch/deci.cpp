// DeciLM and Nemotron Ultra: Llama whose layers differ. Without KV heads a matrix stands in attention's place; without
// heads there is no attention; a layer without a feed-forward block leaves the stream as it is. Source: arXiv
// 2411.19146 (Puzzle); configuration of nvidia/Llama-3_1-Nemotron-Ultra-253B.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kDeciMixerNorm[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
};
constexpr LayerTensor kDeciFfnNorm[] = {
    {"ffn_norm", required, &L::ffn_norm, Dim::d_model},
};
constexpr LayerTensor kDeciLinear[] = {
    {"attn_output", required, &L::attn_out, Dim::d_model, Dim::d_model},
};
constexpr TensorGroup kDeciLayer[] = {
    {Where::mixed, kDeciMixerNorm}, {Where::attention, kAttention}, {Where::linear, kDeciLinear},
    {Where::fed, kDeciFfnNorm},     {Where::dense, kGatedFfn},
};

Status adjust_deci(const KeyReader&, HyperParams& p) {
  for (LayerParams& layer : p.layers) {
    layer.dense = layer.d_ff > 0;
    if (layer.n_heads == 0 || !layer.dense) {
      layer.mixer = Mixer::none;
    } else if (layer.n_kv_heads == 0) {
      layer.mixer = Mixer::linear;
    }
  }
  return {};
}

}  // namespace

extern const ArchSpec kDeci{.gguf_arch = "deci", .varied = true, .adjust = &adjust_deci, .layer_tensors = kDeciLayer};

}  // namespace quern::engine
