// GLM 4, dense and MoE (4.5 and later): rope on a part of each head. The dense models have norms around both blocks and
// fused gates; their vision models, whose rotation has sections, pair split halves. The mixtures follow dense layers,
// score with a sigmoid, bias the choice, and have experts for all tokens. Source: arXiv 2406.12793 (GLM 4), 2508.06471
// (GLM 4.5).
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kGlm4Layer[] = {
    {Where::every_layer, kPreNorms},
    {Where::every_layer, kPostNorms},
    {Where::attention, kAttention},
    {Where::dense, kFusedGatedFfn},
};
constexpr TensorGroup kGlm4MoeLayer[] = {
    {Where::every_layer, kNormsAroundAttention},
    {Where::attention, kAttention},
    {Where::attention, kMaybeHeadNorms},
    {Where::dense, kGatedFfn},
    {Where::experts, kExperts},
    {Where::shared_expert, kSharedExpert},
};

Status adjust_glm4(const KeyReader&, HyperParams& p) {
  std::uint32_t n_pairs = 0;
  for (const std::uint32_t section : p.rope[0].sections) n_pairs += section;
  if (n_pairs > 0) p.rope[0].style = RopeStyle::split;
  return {};
}

}  // namespace

extern const ArchSpec kGlm4{.gguf_arch = "glm4",
                            .sections = RopeSections::contiguous,
                            .draft_layers = true,
                            .adjust = &adjust_glm4,
                            .layer_tensors = kGlm4Layer};

extern const ArchSpec kGlm4Moe{.gguf_arch = "glm4moe",
                               .rope = RopeStyle::split,
                               .sections = RopeSections::contiguous,
                               .draft_layers = true,
                               .mixture = {.use = MixtureRule::Use::required,
                                           .shared = MixtureRule::Shared::count,
                                           .gating = Gating::sigmoid,
                                           .gating_key = true,
                                           .normalize = false,
                                           .normalize_key = true,
                                           .dense_first = true},
                               .layer_tensors = kGlm4MoeLayer};

}  // namespace quern::engine
