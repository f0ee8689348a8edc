// Jamba: Mamba 1 with normalized time steps, B and C in most layers, attention without positions in those with KV
// heads, and a softmax mixture whose weights are used as they are in the layers that have a router. Source: arXiv
// 2403.19887.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kJambaNorms[] = {
    {"ssm_dt_norm", required, &L::dt_norm, Dim::ssm_rank},
    {"ssm_b_norm", required, &L::b_norm, Dim::ssm_state},
    {"ssm_c_norm", required, &L::c_norm, Dim::ssm_state},
};
constexpr TensorGroup kJambaLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::attention, kAttention}, {Where::mamba, kMamba1},
    {Where::mamba, kJambaNorms},     {Where::dense, kGatedFfn},      {Where::experts, kExperts},
};

Status adjust_jamba(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_ssm(keys, SsmKind::mamba1, p));
  mix_where_no_kv(Mixer::mamba, p);
  rotate_nowhere(p);
  for (std::uint32_t i = 0; i < p.n_layers() && p.moe.n_experts > 0; ++i)
    p.layers[i].use_experts(keys.file().find_tensor(fmt::format("blk.{}.ffn_gate_inp.weight", i)) != nullptr);
  return {};
}

}  // namespace

extern const ArchSpec kJamba{.gguf_arch = "jamba",
                             .mixture = {.use = MixtureRule::Use::optional, .normalize = false},
                             .adjust = &adjust_jamba,
                             .layer_tensors = kJambaLayer};

}  // namespace quern::engine
