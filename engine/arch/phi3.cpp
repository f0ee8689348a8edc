// Phi 3, 3.5 and 4-mini: Llama with rope on split halves, fused projections, and frequency divisors that depend on
// whether the context is longer than the one trained first. Phi 3.5 MoE has biases everywhere, also in its norms, and
// all layers are mixtures of two experts. Source: arXiv 2404.14219; arXiv 2402.13753 (LongRoPE).
// attention.sliding_window is left out as the reference does: the first files of Phi 3 carry it wrongly.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

Status adjust_phi3(const KeyReader& keys, HyperParams&) {
  keys.ignore("attention.sliding_window");
  return {};
}

}  // namespace

extern const ArchSpec kPhi3{
    .gguf_arch = "phi3", .rope = RopeStyle::split, .adjust = &adjust_phi3, .layer_tensors = blocks::kFusedLayer};

extern const ArchSpec kPhiMoe{.gguf_arch = "phimoe",
                              .norm = NormKind::rms_with_bias,
                              .rope = RopeStyle::split,
                              .mixture = {.use = MixtureRule::Use::required},
                              .adjust = &adjust_phi3};

}  // namespace quern::engine
