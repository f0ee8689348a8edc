// Trinity (AFMoE): scaled embeddings, norms around both blocks, three sliding layers with rope and then a full one
// without, normalized query and key heads, and a sigmoid gate of its own on the heads' answers. Mixtures behind the
// first dense layers score experts with a sigmoid and bias their choice. Source: configuration and modeling code of
// arcee-ai/Trinity-Mini.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

using namespace blocks;

constexpr std::uint32_t kAfmoePeriod = 4;

constexpr LayerTensor kAfmoeGate[] = {
    {"attn_gate", required, &L::attn_gate, Dim::attn_width, Dim::d_model},
};
constexpr TensorGroup kAfmoeLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::every_layer, kPostNorms},      {Where::attention, kAttention},
    {Where::attention, kHeadNorms},  {Where::attention, kAfmoeGate},        {Where::dense, kGatedFfn},
    {Where::experts, kExperts},      {Where::shared_expert, kSharedExpert},
};

Status adjust_afmoe(const KeyReader& keys, HyperParams& p) {
  p.embedding_scale = std::sqrt(static_cast<float>(p.d_model));
  QUERN_CHECK(read_windows(keys, kAfmoePeriod, FullLayer::last, 0, p));
  for (std::uint32_t i = kAfmoePeriod - 1; i < p.n_layers(); i += kAfmoePeriod) p.layers[i].rope = LayerParams::kNoRope;
  return {};
}

}  // namespace

extern const ArchSpec kAfmoe{.gguf_arch = "afmoe",
                             .rope = RopeStyle::split,
                             .attention_gate = AttentionGate::apart,
                             .mixture = {.use = MixtureRule::Use::optional,
                                         .shared = MixtureRule::Shared::count,
                                         .gating = Gating::sigmoid,
                                         .gating_key = true,
                                         .normalize = false,
                                         .normalize_key = true,
                                         .dense_first = true},
                             .adjust = &adjust_afmoe,
                             .layer_tensors = kAfmoeLayer};

}  // namespace quern::engine
