// gpt-oss: attention sinks, a window in every second layer, YaRN, biases everywhere, and experts with a clamped gate
// whose weights are a softmax over the chosen ones only. Source: arXiv 2508.10925 (model card) and the configuration of
// openai/gpt-oss-20b.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kSinks[] = {
    {"attn_sinks.weight", required, &L::sinks, Dim::n_heads},
};
constexpr TensorGroup kGptOssLayer[] = {
    {Where::every_layer, kNormsAroundAttention},
    {Where::attention, kAttention},
    {Where::attention, kSinks},
    {Where::experts, kExperts},
};

Status adjust_gpt_oss(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(const std::uint32_t window, keys.count("attention.sliding_window", 1, UINT32_MAX));
  return read_windows(keys, 2, FullLayer::last, window, p);
}

}  // namespace

extern const ArchSpec kGptOss{.gguf_arch = "gpt-oss",
                              .rope = RopeStyle::split,
                              .activation = Activation::clamped_swiglu,
                              .mixture = {.use = MixtureRule::Use::required,
                                          .width = MixtureRule::Width::own,
                                          .gating = Gating::softmax_of_chosen,
                                          .normalize = false},
                              .adjust = &adjust_gpt_oss,
                              .layer_tensors = kGptOssLayer};

}  // namespace quern::engine
