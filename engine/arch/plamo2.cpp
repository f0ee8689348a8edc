// PLaMo 2: Mamba with one time step per head in most layers, attention in those with KV heads, whose queries and keys
// are normalized with weights of each head; norms around both blocks, fused gates. Time steps, B and C come from a
// projection of the channels and are normalized. Source: arXiv 2509.04897; modeling code of pfnet/plamo-2-8b.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kPlamoMamba[] = {
    {"ssm_in", required, &L::ssm_in, Dim::ssm_in_width, Dim::d_model},
    {"ssm_conv1d.weight", required, &L::taps, Dim::ssm_conv_width, Dim::conv_kernel},
    {"ssm_conv1d.bias", optional, &L::taps_bias, Dim::ssm_conv_width},
    {"ssm_x", required, &L::ssm_x, Dim::ssm_x_width, Dim::d_inner},
    {"ssm_dt_norm", required, &L::dt_norm, Dim::ssm_rank},
    {"ssm_b_norm", required, &L::b_norm, Dim::ssm_state},
    {"ssm_c_norm", required, &L::c_norm, Dim::ssm_state},
    {"ssm_dt", required, &L::ssm_dt, Dim::ssm_heads, Dim::ssm_rank},
    {"ssm_a", required, &L::ssm_rate, Dim::ssm_heads},
    {"ssm_d", required, &L::ssm_skip, Dim::ssm_heads},
    {"ssm_out", required, &L::ssm_out, Dim::d_model, Dim::d_inner},
};
constexpr TensorGroup kPlamo2Layer[] = {
    {Where::every_layer, kPreNorms},    {Where::every_layer, kPostNorms}, {Where::attention, kAttention},
    {Where::attention, kEachHeadNorms}, {Where::mamba, kPlamoMamba},      {Where::dense, kFusedGatedFfn},
};

Status adjust_plamo2(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_ssm(keys, SsmKind::plamo, p));
  mix_where_no_kv(Mixer::mamba, p);
  return {};
}

}  // namespace

extern const ArchSpec kPlamo2{.gguf_arch = "plamo2",
                              .rope = RopeStyle::split,
                              .qk_norm = QkNorm::each_head,
                              .adjust = &adjust_plamo2,
                              .layer_tensors = kPlamo2Layer};

}  // namespace quern::engine
