// Phi 1, 1.5 and 2: attention and a plain GELU feed-forward side by side on one LayerNorm, rope on a part of each head.
// Source: model card and configuration of microsoft/phi-2.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kPhi2Layer[] = {
    {Where::every_layer, kOneNorm},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
};

Status adjust_phi2(const KeyReader&, HyperParams& p) {
  p.parallel_residual = true;
  return {};
}

}  // namespace

extern const ArchSpec kPhi2{.gguf_arch = "phi2",
                            .norm = NormKind::layer,
                            .rope = RopeStyle::split,
                            .activation = Activation::gelu,
                            .adjust = &adjust_phi2,
                            .layer_tensors = kPhi2Layer};

}  // namespace quern::engine
