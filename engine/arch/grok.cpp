// Grok 1 and 2: scaled embeddings and logits, soft-capped scores whose scale is a key, norms around both blocks, and a
// mixture of GELU-gated experts, in Grok 2 beside a dense block: then the two answers' sum is scaled. Source: model
// release of xai-org/grok-1 and configuration of xai-org/grok-2. router_logit_softcapping and the temperature of long
// contexts are left out, as the reference does.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kGrokNorms[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"attn_output_norm", required, &L::attn_post_norm, Dim::d_model},
    {"ffn_norm", required, &L::ffn_norm, Dim::d_model},
    {"layer_output_norm", optional, &L::ffn_post_norm, Dim::d_model},
    {"post_ffw_norm", required, &L::ffn_post_norm, Dim::d_model},
};
constexpr LayerTensor kGrokDense[] = {
    {"ffn_gate", optional, &L::ffn_gate, Dim::d_ff, Dim::d_model},
    {"ffn_up", required, &L::ffn_up, Dim::d_ff, Dim::d_model},
    {"ffn_down", required, &L::ffn_down, Dim::d_model, Dim::d_ff},
};
constexpr TensorGroup kGrokLayer[] = {
    {Where::every_layer, kGrokNorms},
    {Where::attention, kAttention},
    {Where::experts, kExperts},
    {Where::dense, kGrokDense},
};

Status adjust_grok(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(const double embedding, keys.positive_or("embedding_scale", kMaxFloatKey, 78.38367176906169));
  QUERN_TRY(const double logits, keys.positive_or("logit_scale", kMaxFloatKey, 0.5773502691896257));
  QUERN_TRY(const double scores, keys.positive_or("attention.output_scale", kMaxFloatKey, 0.08838834764831845));
  QUERN_TRY(const double cap, keys.positive_or("attn_logit_softcapping", kMaxFloatKey, 30.0));
  QUERN_TRY(p.final_softcap, keys.number_or("final_logit_softcapping", 0, kMaxFloatKey, 0));
  keys.ignore("router_logit_softcapping");
  keys.ignore("attention.temperature_length");
  p.embedding_scale = static_cast<float>(embedding);
  p.logit_scale = static_cast<float>(logits);
  p.attention_scale = static_cast<float>(scores);
  p.attention_softcap = static_cast<float>(cap);
  p.moe.sum_scale = 0.70710678f;
  for (std::uint32_t i = 0; i < p.n_layers(); ++i)
    p.layers[i].dense = keys.file().find_tensor(fmt::format("blk.{}.ffn_up.weight", i)) != nullptr;
  return {};
}

}  // namespace

extern const ArchSpec kGrok{.gguf_arch = "grok",
                            .rope = RopeStyle::split,
                            .activation = Activation::gelu,
                            .mixture = {.use = MixtureRule::Use::required},
                            .adjust = &adjust_grok,
                            .layer_tensors = kGrokLayer};

}  // namespace quern::engine
