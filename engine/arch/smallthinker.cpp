// SmallThinker: experts with ReLU gates, chosen by what enters the layer, so that they can be fetched while attention
// is computed. Where the file states a window, the first layer of each four sees everything without positions, and the
// others 4096 tokens. Source: arXiv 2507.20984.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr std::uint32_t kSmallthinkerPeriod = 4, kSmallthinkerWindow = 4096;

constexpr TensorGroup kSmallthinkerLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::experts, kExperts},
};

Status adjust_smallthinker(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(const std::uint32_t window, keys.count_or("attention.sliding_window", 0, UINT32_MAX, 0));
  if (window == 0) return {};
  for (std::uint32_t i = 0; i < p.n_layers(); ++i)
    p.layers[i].window = i % kSmallthinkerPeriod == 0 ? 0 : kSmallthinkerWindow;
  rotate_in_windows(p);
  return {};
}

}  // namespace

extern const ArchSpec kSmallthinker{.gguf_arch = "smallthinker",
                                    .rope = RopeStyle::split,
                                    .activation = Activation::relu,
                                    .router_first = true,
                                    .mixture = {.use = MixtureRule::Use::required, .gating_key = true},
                                    .adjust = &adjust_smallthinker,
                                    .layer_tensors = kSmallthinkerLayer};

}  // namespace quern::engine
