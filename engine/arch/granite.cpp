// Granite 3 and 4, dense, MoE and hybrid: Llama with multipliers for embeddings, residuals, scores and logits (which it
// divides). The mixture may have an expert for all tokens. Most layers of the hybrids are Mamba 2: those without KV
// heads. Source: arXiv 2405.04324; configuration of ibm-granite models.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kGraniteHybridLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::attention, kAttention}, {Where::mamba, kMamba2},
    {Where::dense, kGatedFfn},       {Where::experts, kExperts},     {Where::shared_expert, kSharedExpert},
};

Status adjust_granite(const KeyReader& keys, HyperParams& p) {
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
  if (!has_rope) rotate_nowhere(p);
  return {};
}

Status adjust_granite_hybrid(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(adjust_granite(keys, p));
  QUERN_CHECK(read_ssm(keys, SsmKind::mamba2, p));
  mix_where_no_kv(Mixer::mamba, p);
  return {};
}

}  // namespace

extern const ArchSpec kGranite{.gguf_arch = "granite", .adjust = &adjust_granite};

extern const ArchSpec kGraniteMoe{.gguf_arch = "granitemoe",
                                  .mixture = {.use = MixtureRule::Use::optional, .shared = MixtureRule::Shared::length},
                                  .adjust = &adjust_granite};

extern const ArchSpec kGraniteHybrid{
    .gguf_arch = "granitehybrid",
    .mixture = {.use = MixtureRule::Use::optional, .shared = MixtureRule::Shared::length},
    .adjust = &adjust_granite_hybrid,
    .layer_tensors = kGraniteHybridLayer};

}  // namespace quern::engine
