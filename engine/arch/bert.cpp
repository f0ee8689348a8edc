// BERT, Nomic Embed and Jina Embeddings v2 and v3: encoders that normalize the residual stream after each block. BERT
// has learned positions and a plain GELU feed-forward; Nomic rope and SiLU gates, or, as a mixture of experts, plain
// GELU; Jina ALiBi to both sides and GELU gates, or, in version 3, BERT's blocks with rope. All tokens count as
// sentence A. Source: arXiv 1810.04805 (BERT), 2402.01613 (Nomic), 2502.07972 (Nomic's mixture), 2310.19923 (Jina v2),
// 2409.10173 (Jina v3).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kBertModel[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"token_embd_norm", required, &M::embd_norm, Dim::d_model},
    {"token_types.weight", optional, &M::token_types, Dim::any, Dim::d_model},
    {"position_embd.weight", required, &M::position_embd, Dim::n_context, Dim::d_model},
    {"cls", optional, &M::cls, Dim::d_model, Dim::d_model},
    {"cls.output", optional, &M::cls_out, Dim::any, Dim::d_model},
};
constexpr ModelTensor kRotaryModel[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"token_embd_norm", required, &M::embd_norm, Dim::d_model},
    {"token_types.weight", optional, &M::token_types, Dim::any, Dim::d_model},
    {"cls", optional, &M::cls, Dim::d_model, Dim::d_model},
    {"cls.output", optional, &M::cls_out, Dim::any, Dim::d_model},
};
// Jina's code model normalizes all query heads together, and all key heads.
constexpr LayerTensor kJinaWholeNorms[] = {
    {"attn_q_norm", optional, &L::q_norm, Dim::q_width},
    {"attn_k_norm", optional, &L::k_norm, Dim::k_width},
};
constexpr TensorGroup kBertLayer[] = {
    {Where::every_layer, kResidualNorms},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
};
constexpr TensorGroup kNomicLayer[] = {
    {Where::every_layer, kResidualNorms},
    {Where::attention, kAttention},
    {Where::dense, kGatedFfn},
};
constexpr TensorGroup kJinaLayer[] = {
    {Where::every_layer, kResidualNorms},
    {Where::attention, kAttention},
    {Where::attention, kJinaWholeNorms},
    {Where::dense, kMaybeFusedGatedFfn},
};
constexpr TensorGroup kNomicMoeLayer[] = {
    {Where::every_layer, kResidualNorms},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
    {Where::experts, kPlainExperts},
};

Status adjust_bert(const KeyReader& keys, HyperParams& p) {
  p.n_learned_positions = p.n_context_train;
  rotate_nowhere(p);
  return read_encoder_mask(keys, p);
}

// Of every n layers the second is a mixture of plain GELU blocks; the weights of the chosen ones do not sum to 1.
Status adjust_nomic_moe(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_encoder_mask(keys, p));
  QUERN_TRY(const std::uint32_t period, keys.count("moe_every_n_layers", 0, kMaxLayers));
  if (p.moe.n_experts > 0) QUERN_CHECK(require_same(keys, "expert_feed_forward_length", p.moe.d_ff, p.d_ff));
  if (p.moe.scale != 1.0f) QUERN_CHECK(keys.refuse("expert_weights_scale"));
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) p.layers[i].use_experts(period > 0 && i % period == 1);
  if (p.moe.n_experts == 0 && period > 1 && p.n_layers() > 1)
    return fail(Errc::corrupt, "{}: want 1 or more, found none", keys.name("expert_count"));
  return {};
}

Status adjust_jina(const KeyReader& keys, HyperParams& p) {
  p.alibi_max_bias = 8.0f;
  rotate_nowhere(p);
  return read_encoder_mask(keys, p);
}

}  // namespace

extern const ArchSpec kBert{.gguf_arch = "bert",
                            .norm = NormKind::layer,
                            .activation = Activation::gelu,
                            .generates = false,
                            .adjust = &adjust_bert,
                            .model_tensors = kBertModel,
                            .layer_tensors = kBertLayer};

extern const ArchSpec kNomicBert{.gguf_arch = "nomic-bert",
                                 .norm = NormKind::layer,
                                 .rope = RopeStyle::split,
                                 .generates = false,
                                 .adjust = &read_encoder_mask,
                                 .model_tensors = kRotaryModel,
                                 .layer_tensors = kNomicLayer};

extern const ArchSpec kNomicBertMoe{.gguf_arch = "nomic-bert-moe",
                                    .norm = NormKind::layer,
                                    .rope = RopeStyle::split,
                                    .activation = Activation::gelu,
                                    .generates = false,
                                    .mixture = {.use = MixtureRule::Use::optional, .normalize = false},
                                    .adjust = &adjust_nomic_moe,
                                    .model_tensors = kRotaryModel,
                                    .layer_tensors = kNomicMoeLayer};

extern const ArchSpec kJinaBertV2{.gguf_arch = "jina-bert-v2",
                                  .norm = NormKind::layer,
                                  .activation = Activation::gelu,
                                  .qk_norm = QkNorm::whole,
                                  .generates = false,
                                  .adjust = &adjust_jina,
                                  .model_tensors = kRotaryModel,
                                  .layer_tensors = kJinaLayer};

extern const ArchSpec kJinaBertV3{.gguf_arch = "jina-bert-v3",
                                  .norm = NormKind::layer,
                                  .rope = RopeStyle::split,
                                  .activation = Activation::gelu,
                                  .generates = false,
                                  .adjust = &read_encoder_mask,
                                  .model_tensors = kRotaryModel,
                                  .layer_tensors = kBertLayer};

}  // namespace quern::engine
