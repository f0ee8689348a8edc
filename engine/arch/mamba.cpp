// Mamba 1 (also FalconMamba, which normalizes time steps, B and C) and Mamba 2: layers that are nothing but a state
// space. Source: arXiv 2312.00752 (Mamba), 2405.21060 (Mamba 2), 2410.05355 (FalconMamba).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kMambaLayer[] = {
    {Where::every_layer, kMixerNorm},
    {Where::mamba, kMamba1},
};
constexpr TensorGroup kMamba2Layer[] = {
    {Where::every_layer, kMixerNorm},
    {Where::mamba, kMamba2},
};

void only_mamba(HyperParams& p) noexcept {
  for (LayerParams& layer : p.layers) {
    layer.mixer = Mixer::mamba;
    layer.dense = false;
  }
}

Status adjust_mamba(const KeyReader& keys, HyperParams& p) {
  only_mamba(p);
  QUERN_CHECK(read_ssm(keys, SsmKind::mamba1, p));
  QUERN_TRY(p.ssm.unit_norms, keys.flag_or("ssm.dt_b_c_rms", false));
  return {};
}

Status adjust_mamba2(const KeyReader& keys, HyperParams& p) {
  only_mamba(p);
  return read_ssm(keys, SsmKind::mamba2, p);
}

}  // namespace

extern const ArchSpec kMamba{
    .gguf_arch = "mamba", .attends = false, .adjust = &adjust_mamba, .layer_tensors = kMambaLayer};

extern const ArchSpec kMamba2Arch{
    .gguf_arch = "mamba2", .attends = false, .adjust = &adjust_mamba2, .layer_tensors = kMamba2Layer};

}  // namespace quern::engine
