// Tensors that many architectures share, by block. Names are those of GGUF.
#pragma once

#include "engine/arch/tensor_spec.hpp"

namespace quern::engine::blocks {

using enum Presence;
using L = LayerWeights;
using M = ModelWeights;
using LayerTensor = TensorSpec<LayerWeights>;
using ModelTensor = TensorSpec<ModelWeights>;

inline constexpr ModelTensor kDecoder[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"output", optional, &M::output, Dim::n_vocab, Dim::d_model},
    {"rope_freqs.weight", optional, &M::rope_factors, Dim::rope_pairs},
    {"rope_factors_long.weight", optional, &M::rope_long, Dim::rope_pairs},
    {"rope_factors_short.weight", optional, &M::rope_short, Dim::rope_pairs},
    {"cls", optional, &M::cls, Dim::d_model, Dim::d_model},
    {"cls.output", optional, &M::cls_out, Dim::any, Dim::d_model},
};

inline constexpr LayerTensor kPreNorms[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"ffn_norm", required, &L::ffn_norm, Dim::d_model},
};
// One norm whose result both blocks of a parallel layer read.
inline constexpr LayerTensor kOneNorm[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
};
inline constexpr LayerTensor kPostNorms[] = {
    {"post_attention_norm", required, &L::attn_post_norm, Dim::d_model},
    {"post_ffw_norm", required, &L::ffn_post_norm, Dim::d_model},
};
// Encoders in the manner of BERT normalize the residual stream itself.
inline constexpr LayerTensor kResidualNorms[] = {
    {"attn_output_norm", required, &L::attn_out_norm, Dim::d_model},
    {"layer_output_norm", required, &L::ffn_out_norm, Dim::d_model},
};

inline constexpr LayerTensor kAttention[] = {
    {"attn_qkv",
     optional,
     {{{&L::attn_q, Dim::q_width}, {&L::attn_k, Dim::k_width}, {&L::attn_v, Dim::v_width}}},
     Dim::d_model},
    {"attn_q", required, &L::attn_q, Dim::q_width, Dim::d_model},
    {"attn_k", required, &L::attn_k, Dim::k_width, Dim::d_model},
    {"attn_v", required, &L::attn_v, Dim::v_width, Dim::d_model},
    {"attn_output", required, &L::attn_out, Dim::d_model, Dim::attn_width},
};
inline constexpr LayerTensor kHeadNorms[] = {
    {"attn_q_norm", required, &L::q_norm, Dim::d_head_k},
    {"attn_k_norm", required, &L::k_norm, Dim::d_head_k},
};
inline constexpr LayerTensor kEachHeadNorms[] = {
    {"attn_q_norm", optional, &L::q_norm, Dim::d_head_k, Dim::n_heads},
    {"attn_k_norm", optional, &L::k_norm, Dim::d_head_k, Dim::n_kv_heads},
};

inline constexpr LayerTensor kGatedFfn[] = {
    {"ffn_gate", required, &L::ffn_gate, Dim::d_ff, Dim::d_model},
    {"ffn_up", required, &L::ffn_up, Dim::d_ff, Dim::d_model},
    {"ffn_down", required, &L::ffn_down, Dim::d_model, Dim::d_ff},
};
// The rows of ffn_up are the gate's, then those of up.
inline constexpr LayerTensor kFusedGatedFfn[] = {
    {"ffn_up", required, {{{&L::ffn_gate, Dim::d_ff}, {&L::ffn_up, Dim::d_ff}}}, Dim::d_model},
    {"ffn_down", required, &L::ffn_down, Dim::d_model, Dim::d_ff},
};
// Either of the two.
inline constexpr LayerTensor kMaybeFusedGatedFfn[] = {
    {"ffn_gate", optional, &L::ffn_gate, Dim::d_ff, Dim::d_model},
    {"ffn_up",
     required,
     {{{&L::ffn_gate, Dim::d_ff}, {&L::ffn_up, Dim::d_ff}}},
     Dim::d_model},  // where there is no gate
    {"ffn_up", required, &L::ffn_up, Dim::d_ff, Dim::d_model},
    {"ffn_down", required, &L::ffn_down, Dim::d_model, Dim::d_ff},
};
inline constexpr LayerTensor kPlainFfn[] = {
    {"ffn_up", required, &L::ffn_up, Dim::d_ff, Dim::d_model},
    {"ffn_down", required, &L::ffn_down, Dim::d_model, Dim::d_ff},
};

inline constexpr LayerTensor kExperts[] = {
    {"ffn_gate_inp", required, &L::router, Dim::n_experts, Dim::d_model},
    {"ffn_gate_exps", required, &L::expert_gate, Dim::n_experts, Dim::d_ff_expert, Dim::d_model},
    {"ffn_up_exps", required, &L::expert_up, Dim::n_experts, Dim::d_ff_expert, Dim::d_model},
    {"ffn_down_exps", required, &L::expert_down, Dim::n_experts, Dim::d_model, Dim::d_ff_expert},
    {"exp_probs_b.bias", optional, &L::choice_bias, Dim::n_experts},
};
inline constexpr LayerTensor kPlainExperts[] = {
    {"ffn_gate_inp", required, &L::router, Dim::n_experts, Dim::d_model},
    {"ffn_up_exps", required, &L::expert_up, Dim::n_experts, Dim::d_ff_expert, Dim::d_model},
    {"ffn_down_exps", required, &L::expert_down, Dim::n_experts, Dim::d_model, Dim::d_ff_expert},
};
inline constexpr LayerTensor kSharedExpert[] = {
    {"ffn_gate_shexp", required, &L::shared_gate, Dim::d_ff_shared, Dim::d_model},
    {"ffn_up_shexp", required, &L::shared_up, Dim::d_ff_shared, Dim::d_model},
    {"ffn_down_shexp", required, &L::shared_down, Dim::d_model, Dim::d_ff_shared},
};

// The whole of a llama-like layer.
inline constexpr TensorGroup kLlamaLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::attention, kAttention},        {Where::dense, kGatedFfn},
    {Where::experts, kExperts},      {Where::shared_expert, kSharedExpert},
};

}  // namespace quern::engine::blocks
