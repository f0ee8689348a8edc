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

// One whose embedding is normalized.
inline constexpr ModelTensor kNormedDecoder[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"token_embd_norm", required, &M::embd_norm, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"output", optional, &M::output, Dim::n_vocab, Dim::d_model},
};
// One with learned positions.
inline constexpr ModelTensor kPlacedDecoder[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"position_embd.weight", required, &M::position_embd, Dim::n_context, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"output", optional, &M::output, Dim::n_vocab, Dim::d_model},
};

inline constexpr LayerTensor kPreNorms[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"ffn_norm", required, &L::ffn_norm, Dim::d_model},
};
// The norm before the feed-forward block is named after what it follows.
inline constexpr LayerTensor kNormsAroundAttention[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"post_attention_norm", required, &L::ffn_norm, Dim::d_model},
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
inline constexpr LayerTensor kMaybeHeadNorms[] = {
    {"attn_q_norm", optional, &L::q_norm, Dim::d_head_k},
    {"attn_k_norm", optional, &L::k_norm, Dim::d_head_k},
};
inline constexpr LayerTensor kWholeNorms[] = {
    {"attn_q_norm", required, &L::q_norm, Dim::q_width},
    {"attn_k_norm", required, &L::k_norm, Dim::k_width},
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

// Gates and ups of the experts apart, or one behind the other in one tensor.
inline constexpr LayerTensor kExperts[] = {
    {"ffn_gate_inp", required, &L::router, Dim::n_experts, Dim::d_model},
    {"ffn_gate_up_exps", optional, LayerTensor::Halves{&L::expert_gate, &L::expert_up}, Dim::n_experts,
     Dim::d_ff_expert, Dim::d_expert_in},
    {"ffn_gate_exps", required, &L::expert_gate, Dim::n_experts, Dim::d_ff_expert, Dim::d_expert_in},
    {"ffn_up_exps", required, &L::expert_up, Dim::n_experts, Dim::d_ff_expert, Dim::d_expert_in},
    {"ffn_down_exps", required, &L::expert_down, Dim::n_experts, Dim::d_expert_in, Dim::d_ff_expert},
    {"exp_probs_b.bias", optional, &L::choice_bias, Dim::n_experts},
};
inline constexpr LayerTensor kPlainExperts[] = {
    {"ffn_gate_inp", required, &L::router, Dim::n_experts, Dim::d_model},
    {"ffn_up_exps", required, &L::expert_up, Dim::n_experts, Dim::d_ff_expert, Dim::d_expert_in},
    {"ffn_down_exps", required, &L::expert_down, Dim::n_experts, Dim::d_expert_in, Dim::d_ff_expert},
    {"exp_probs_b.bias", optional, &L::choice_bias, Dim::n_experts},
};
inline constexpr LayerTensor kSharedExpert[] = {
    {"ffn_gate_shexp", required, &L::shared_gate, Dim::d_ff_shared, Dim::d_model},
    {"ffn_up_shexp", required, &L::shared_up, Dim::d_ff_shared, Dim::d_model},
    {"ffn_down_shexp", required, &L::shared_down, Dim::d_model, Dim::d_ff_shared},
};

inline constexpr LayerTensor kSharedRouter[] = {
    {"ffn_gate_inp_shexp", required, &L::shared_router, Dim::one, Dim::d_model},
};

// Mamba 2, and what the first one has beside it.
inline constexpr LayerTensor kMamba2[] = {
    {"ssm_in", required, &L::ssm_in, Dim::ssm_in_width, Dim::d_model},
    {"ssm_conv1d.weight", required, &L::taps, Dim::ssm_conv_width, Dim::conv_kernel},
    {"ssm_conv1d.bias", required, &L::taps_bias, Dim::ssm_conv_width},
    {"ssm_dt.bias", required, &L::ssm_dt_bias, Dim::ssm_heads},
    {"ssm_a", required, &L::ssm_rate, Dim::ssm_heads},
    {"ssm_d", required, &L::ssm_skip, Dim::ssm_heads},
    {"ssm_norm", optional, &L::ssm_norm, Dim::d_inner_of_group, Dim::ssm_groups},
    {"ssm_out", required, &L::ssm_out, Dim::d_model, Dim::d_inner},
};
inline constexpr LayerTensor kMamba1[] = {
    {"ssm_in", required, &L::ssm_in, Dim::ssm_in_width, Dim::d_model},
    {"ssm_conv1d.weight", required, &L::taps, Dim::ssm_conv_width, Dim::conv_kernel},
    {"ssm_conv1d.bias", required, &L::taps_bias, Dim::ssm_conv_width},
    {"ssm_x", required, &L::ssm_x, Dim::ssm_x_width, Dim::d_inner},
    {"ssm_dt", required, &L::ssm_dt, Dim::ssm_heads, Dim::ssm_rank},
    {"ssm_a", required, &L::ssm_rates, Dim::d_inner, Dim::ssm_state},
    {"ssm_d", required, &L::ssm_skip, Dim::ssm_heads},
    {"ssm_out", required, &L::ssm_out, Dim::d_model, Dim::d_inner},
};

// Nothing but a mixer.
inline constexpr LayerTensor kMixerNorm[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
};

// The whole of a llama-like layer.
inline constexpr TensorGroup kLlamaLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::attention, kAttention},        {Where::dense, kGatedFfn},
    {Where::experts, kExperts},      {Where::shared_expert, kSharedExpert},
};
// The same with norms of query and key heads.
inline constexpr TensorGroup kHeadNormLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::attention, kAttention}, {Where::attention, kHeadNorms},
    {Where::dense, kGatedFfn},       {Where::experts, kExperts},     {Where::shared_expert, kSharedExpert},
};
// With norms before and behind both blocks.
inline constexpr TensorGroup kSandwichLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::every_layer, kPostNorms}, {Where::attention, kAttention},
    {Where::dense, kGatedFfn},       {Where::experts, kExperts},       {Where::shared_expert, kSharedExpert},
};
// With feed-forward blocks of one gate that may be fused, or of none.
inline constexpr TensorGroup kFusedLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::dense, kFusedGatedFfn},
};
inline constexpr TensorGroup kPlainLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
};
// Attention and feed-forward side by side on one norm.
inline constexpr TensorGroup kOneNormLayer[] = {
    {Where::every_layer, kOneNorm},
    {Where::attention, kAttention},
    {Where::attention, kEachHeadNorms},
    {Where::dense, kGatedFfn},
};

}  // namespace quern::engine::blocks
