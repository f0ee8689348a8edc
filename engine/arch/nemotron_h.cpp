// Nemotron-H and Nemotron 3: one block per layer, behind one norm: Mamba 2, attention without positions, or a
// feed-forward block of squared ReLU without gates, which may be a mixture: sigmoid scores, biased choice, an expert
// for all tokens, and in some models experts that work on fewer values. The kind of a layer follows from its KV heads
// and its width. Source: arXiv 2504.03624 (Nemotron-H), 2512.20848 (Nemotron 3).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kNemotronFfnNorm[] = {
    {"attn_norm", required, &L::ffn_norm, Dim::d_model},
};
constexpr LayerTensor kNemotronShared[] = {
    {"ffn_up_shexp", required, &L::shared_up, Dim::d_ff_shared, Dim::d_model},
    {"ffn_down_shexp", required, &L::shared_down, Dim::d_model, Dim::d_ff_shared},
};
constexpr LayerTensor kNemotronLatent[] = {
    {"ffn_latent_down", required, &L::latent_down, Dim::d_latent, Dim::d_model},
    {"ffn_latent_up", required, &L::latent_up, Dim::d_model, Dim::d_latent},
};
constexpr TensorGroup kNemotronLayer[] = {
    {Where::mixed, kMixerNorm},
    {Where::unmixed, kNemotronFfnNorm},
    {Where::attention, kAttention},
    {Where::mamba, kMamba2},
    {Where::dense, kPlainFfn},
    {Where::experts, kPlainExperts},
    {Where::latent_experts, kNemotronLatent},
    {Where::shared_expert, kNemotronShared},
};

Status adjust_nemotron(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_ssm(keys, SsmKind::mamba2, p));
  rotate_nowhere(p);
  for (LayerParams& layer : p.layers) {
    const bool is_fed = layer.d_ff > 0;
    layer.mixer = is_fed ? Mixer::none : layer.n_kv_heads > 0 ? Mixer::attention : Mixer::mamba;
    layer.dense = is_fed && p.moe.n_experts == 0;
    layer.experts = is_fed && p.moe.n_experts > 0;
  }
  QUERN_TRY(p.moe.d_latent, keys.count_or("moe_latent_size", 0, kMaxWidth, 0));
  return {};
}

}  // namespace

extern const ArchSpec kNemotronH{.gguf_arch = "nemotron_h",
                                 .activation = Activation::squared_relu,
                                 .varied = true,
                                 .adjust = &adjust_nemotron,
                                 .layer_tensors = kNemotronLayer};

extern const ArchSpec kNemotronHMoe{.gguf_arch = "nemotron_h_moe",
                                    .activation = Activation::squared_relu,
                                    .varied = true,
                                    .mixture = {.use = MixtureRule::Use::required,
                                                .shared = MixtureRule::Shared::length,
                                                .gating = Gating::sigmoid,
                                                .gating_key = true,
                                                .normalize = false,
                                                .normalize_key = true,
                                                .groups = true},
                                    .adjust = &adjust_nemotron,
                                    .layer_tensors = kNemotronLayer};

}  // namespace quern::engine
