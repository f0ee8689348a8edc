// Llama 1-3, Mistral, Mixtral, TinyLlama, SmolLM and all that use their graph: RMSNorm, rope on interleaved pairs,
// grouped query attention, gated SiLU feed-forward or a softmax mixture of such experts. Source: arXiv 2302.13971
// (Llama), 2401.04088 (Mixtral); GGUF keys under "llama.".
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using enum Presence;
using L = LayerWeights;
using M = ModelWeights;

constexpr TensorSpec<M> kModelTensors[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"output_norm.weight", required, &M::output_norm, Dim::d_model},
    {"output.weight", optional, &M::output, Dim::n_vocab, Dim::d_model},
    {"rope_freqs.weight", optional, &M::rope_factors, Dim::rope_pairs},
};

constexpr TensorSpec<L> kLayerTensors[] = {
    {"attn_norm.weight", required, &L::attn_norm, Dim::d_model},
    {"attn_q.weight", required, &L::attn_q, Dim::q_width, Dim::d_model},
    {"attn_k.weight", required, &L::attn_k, Dim::k_width, Dim::d_model},
    {"attn_v.weight", required, &L::attn_v, Dim::v_width, Dim::d_model},
    {"attn_output.weight", required, &L::attn_out, Dim::d_model, Dim::attn_width},
    {"attn_q.bias", optional, &L::attn_q_bias, Dim::q_width},
    {"attn_k.bias", optional, &L::attn_k_bias, Dim::k_width},
    {"attn_v.bias", optional, &L::attn_v_bias, Dim::v_width},
    {"attn_output.bias", optional, &L::attn_out_bias, Dim::d_model},
    {"ffn_norm.weight", required, &L::ffn_norm, Dim::d_model},
    {"ffn_gate.weight", dense, &L::ffn_gate, Dim::d_ff, Dim::d_model},
    {"ffn_up.weight", dense, &L::ffn_up, Dim::d_ff, Dim::d_model},
    {"ffn_down.weight", dense, &L::ffn_down, Dim::d_model, Dim::d_ff},
    {"ffn_gate.bias", optional, &L::ffn_gate_bias, Dim::d_ff},
    {"ffn_up.bias", optional, &L::ffn_up_bias, Dim::d_ff},
    {"ffn_down.bias", optional, &L::ffn_down_bias, Dim::d_model},
    {"ffn_gate_inp.weight", expert, &L::router, Dim::n_experts, Dim::d_model},
    {"ffn_gate_exps.weight", expert, &L::expert_gate, Dim::d_ff, Dim::d_model},
    {"ffn_up_exps.weight", expert, &L::expert_up, Dim::d_ff, Dim::d_model},
    {"ffn_down_exps.weight", expert, &L::expert_down, Dim::d_model, Dim::d_ff},
};

Result<HyperParams> read_params(const gguf::GgufFile& file) {
  return read_decoder_params(file, "llama");
}

}  // namespace

extern const ArchSpec kLlama{.gguf_arch = "llama",
                             .rope = RopeStyle::interleaved,
                             .read_params = &read_params,
                             .model_tensors = kModelTensors,
                             .layer_tensors = kLayerTensors};

}  // namespace quern::engine
