// BLOOM and MPT: LayerNorm, ALiBi instead of rotations, plain GELU feed-forward. BLOOM normalizes the embedding too.
// MPT may clamp queries, keys and values, normalize them, and add learned positions. Source: arXiv 2211.05100 (BLOOM);
// model card and configuration of mosaicml/mpt-7b.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kMptModel[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"position_embd.weight", optional, &M::position_embd, Dim::n_context, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"output", optional, &M::output, Dim::n_vocab, Dim::d_model},
};
constexpr LayerTensor kMptWholeNorms[] = {
    {"attn_q_norm", optional, &L::q_norm, Dim::q_width},
    {"attn_k_norm", optional, &L::k_norm, Dim::k_width},
};
constexpr TensorGroup kMptLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::attention, kMptWholeNorms},
    {Where::dense, kPlainFfn},
};

Status adjust_bloom(const KeyReader&, HyperParams& p) {
  p.alibi_max_bias = 8.0f;
  rotate_nowhere(p);
  return {};
}

Status adjust_mpt(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.alibi_max_bias, keys.number_or("attention.max_alibi_bias", 0, 1024, 0));
  QUERN_TRY(p.qkv_clamp, keys.number_or("attention.clamp_kqv", 0, kMaxFloatKey, 0));
  if (keys.file().find_tensor("position_embd.weight") != nullptr) p.n_learned_positions = p.n_context_train;
  rotate_nowhere(p);
  return {};
}

}  // namespace

extern const ArchSpec kBloom{.gguf_arch = "bloom",
                             .norm = NormKind::layer,
                             .activation = Activation::gelu,
                             .adjust = &adjust_bloom,
                             .model_tensors = kNormedDecoder,
                             .layer_tensors = kPlainLayer};

extern const ArchSpec kMpt{.gguf_arch = "mpt",
                           .norm = NormKind::layer,
                           .activation = Activation::gelu,
                           .qk_norm = QkNorm::whole,
                           .adjust = &adjust_mpt,
                           .model_tensors = kMptModel,
                           .layer_tensors = kMptLayer};

}  // namespace quern::engine
