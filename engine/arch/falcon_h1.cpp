// Falcon-H1: attention and Mamba 2 side by side in every layer, on one norm, their answers added up. The multipliers of
// the published models are part of the weights. Source: arXiv 2507.22448.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kFalconH1Layer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::mamba, kMamba2},
    {Where::dense, kGatedFfn},
};

Status adjust_falcon_h1(const KeyReader& keys, HyperParams& p) {
  for (LayerParams& layer : p.layers) layer.mamba_beside = true;
  return read_ssm(keys, SsmKind::mamba2, p);
}

}  // namespace

extern const ArchSpec kFalconH1{
    .gguf_arch = "falcon-h1", .rope = RopeStyle::split, .adjust = &adjust_falcon_h1, .layer_tensors = kFalconH1Layer};

}  // namespace quern::engine
