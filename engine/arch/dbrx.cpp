// DBRX: LayerNorm without biases, clamped queries, keys and values, and a softmax mixture in every layer. Source: model
// card and configuration of databricks/dbrx-base.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kDbrxNorms[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"attn_output_norm", required, &L::ffn_norm, Dim::d_model},
};
constexpr TensorGroup kDbrxLayer[] = {
    {Where::every_layer, kDbrxNorms},
    {Where::attention, kAttention},
    {Where::experts, kExperts},
};

Status adjust_dbrx(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.qkv_clamp, keys.positive("attention.clamp_kqv", kMaxFloatKey));
  return {};
}

}  // namespace

extern const ArchSpec kDbrx{.gguf_arch = "dbrx",
                            .norm = NormKind::layer,
                            .rope = RopeStyle::split,
                            .mixture = {.use = MixtureRule::Use::required},
                            .adjust = &adjust_dbrx,
                            .layer_tensors = kDbrxLayer};

}  // namespace quern::engine
