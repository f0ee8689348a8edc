// Granite 3 and 4, dense and MoE: Llama with multipliers for embeddings, residuals, scores and logits (which it
// divides). The mixture may have an expert for all tokens. Source: arXiv 2405.04324; configuration of ibm-granite
// models.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

Status read_scales(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(const double embedding, keys.positive_or("embedding_scale", kMaxFloatKey, 1.0));
  QUERN_TRY(const double residual, keys.positive_or("residual_scale", kMaxFloatKey, 1.0));
  QUERN_TRY(const float logits, keys.positive("logit_scale", kMaxFloatKey));
  QUERN_TRY(const double attention, keys.positive_or("attention.scale", kMaxFloatKey, p.attention_scale));
  p.embedding_scale = static_cast<float>(embedding);
  p.residual_scale = static_cast<float>(residual);
  p.logit_scale = 1.0f / logits;
  p.attention_scale = static_cast<float>(attention);
  // Says whether there are positions at all.
  QUERN_TRY(const bool has_rope, keys.flag_or("rope.scaling.finetuned", true));
  for (LayerParams& layer : p.layers) layer.rope = has_rope ? 0 : LayerParams::kNoRope;
  return {};
}

Result<HyperParams> read_granite_dense(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  QUERN_CHECK(read_scales(keys, p));
  assign_cache_layers(p);
  return p;
}

Result<HyperParams> read_granite_moe(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  QUERN_CHECK(read_scales(keys, p));
  QUERN_CHECK(read_experts(keys, p.d_ff, p));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kGranite{.gguf_arch = "granite",
                               .rope = RopeStyle::interleaved,
                               .read_params = &read_granite_dense,
                               .model_tensors = blocks::kDecoder,
                               .layer_tensors = blocks::kLlamaLayer};

extern const ArchSpec kGraniteMoe{.gguf_arch = "granitemoe",
                                  .rope = RopeStyle::interleaved,
                                  .read_params = &read_granite_moe,
                                  .model_tensors = blocks::kDecoder,
                                  .layer_tensors = blocks::kLlamaLayer};

}  // namespace quern::engine
