// The encoder of T5, which embeds: scores without a scale, with a bias by the distance of two tokens instead of
// positions; the first layer's biases serve those that have none. Gates with GELU, or ReLU without gates. Where a file
// does not say that attention.causal is false, a token sees those before it only, as in the reference.
// Source: arXiv 1910.10683 (T5), 2304.09151 (umT5, whose layers have biases of their own).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kT5Model[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"enc.output_norm", required, &M::output_norm, Dim::d_model},
};
constexpr LayerTensor kT5Block[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"attn_rel_b.weight", optional, &L::distance_bias, Dim::distance_biases},
    {"attn_q", required, &L::attn_q, Dim::q_width, Dim::d_model},
    {"attn_k", required, &L::attn_k, Dim::k_width, Dim::d_model},
    {"attn_v", required, &L::attn_v, Dim::v_width, Dim::d_model},
    {"attn_o", required, &L::attn_out, Dim::d_model, Dim::attn_width},
    {"ffn_norm", required, &L::ffn_norm, Dim::d_model},
    {"ffn_gate", optional, &L::ffn_gate, Dim::d_ff, Dim::d_model},
    {"ffn_up", required, &L::ffn_up, Dim::d_ff, Dim::d_model},
    {"ffn_down", required, &L::ffn_down, Dim::d_model, Dim::d_ff},
};
constexpr TensorGroup kT5Layer[] = {{Where::every_layer, kT5Block}};

Status adjust_t5_encoder(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.n_distance_buckets, keys.count("attention.relative_buckets_count", 4, 508));
  if (p.n_distance_buckets % 4 != 0)
    return fail(Errc::unsupported, "{}: want a multiple of 4, found {}", keys.name("attention.relative_buckets_count"),
                p.n_distance_buckets);
  if (p.n_kv_heads != p.n_heads)
    return fail(Errc::unsupported, "{}: want {} like attention.head_count, found {}",
                keys.name("attention.head_count_kv"), p.n_heads, p.n_kv_heads);
  if (keys.file().find_tensor("enc.blk.0.attn_rel_b.weight") == nullptr)
    return fail(Errc::corrupt, "{}: tensor enc.blk.0.attn_rel_b.weight is missing", keys.file().name());
  p.attention_scale = 1.0f;
  rotate_nowhere(p);
  return {};
}

}  // namespace

extern const ArchSpec kT5Encoder{.gguf_arch = "t5encoder",
                                 .layer_prefix = "enc.blk",
                                 .activation = Activation::gelu_or_relu,
                                 .generates = false,
                                 .adjust = &adjust_t5_encoder,
                                 .model_tensors = kT5Model,
                                 .layer_tensors = kT5Layer};

}  // namespace quern::engine
