// ModernBERT: an encoder with norms before its blocks (the first has none for attention), fused GELU gates, and a
// window to both sides with a rotation of its own in two layers of three. Source: arXiv 2412.13663.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kModernBertModel[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"token_embd_norm", required, &M::embd_norm, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"cls", optional, &M::cls, Dim::d_model, Dim::d_model},
    {"cls.norm", optional, &M::cls_norm, Dim::d_model},
    {"cls.output", optional, &M::cls_out, Dim::any, Dim::d_model},
};
constexpr LayerTensor kModernBertNorms[] = {
    {"attn_norm", optional, &L::attn_norm, Dim::d_model},
    {"ffn_norm", required, &L::ffn_norm, Dim::d_model},
};
constexpr TensorGroup kModernBertLayer[] = {
    {Where::every_layer, kModernBertNorms},
    {Where::attention, kAttention},
    {Where::dense, kFusedGatedFfn},
};

Status adjust_modern_bert(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(const std::uint32_t window, keys.count("attention.sliding_window", 0, UINT32_MAX));
  QUERN_CHECK(read_windows(keys, 3, FullLayer::first, window, p));
  QUERN_CHECK(read_local_rope(keys, p.rope[0].freq_base, p));
  p.window_kind = kernels::WindowKind::around;
  return read_encoder_mask(keys, p);
}

}  // namespace

extern const ArchSpec kModernBert{.gguf_arch = "modern-bert",
                                  .norm = NormKind::layer,
                                  .rope = RopeStyle::split,
                                  .activation = Activation::gelu,
                                  .generates = false,
                                  .rank = {.row = PoolRow::first, .gelu = true},
                                  .adjust = &adjust_modern_bert,
                                  .model_tensors = kModernBertModel,
                                  .layer_tensors = kModernBertLayer};

}  // namespace quern::engine
