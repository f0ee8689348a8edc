// Qwen 3 Next and Qwen 3.5, dense and MoE (text): of every few layers one has attention, with a sigmoid gate on each
// head's answer; the others are gated delta nets. The rotation of Qwen 3.5 has sections. Qwen 3 Next keeps the heads of
// its delta nets in another order, and gives what they read with fewer matrices.
// Source: Qwen3-Next and Qwen3.5 model cards and configuration (full_attention_interval, linear_* keys); arXiv
// 2412.06464 (Gated DeltaNet).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kGatedAttention[] = {
    {"attn_q", required, &L::attn_q, Dim::q_width_x2, Dim::d_model},
    {"attn_k", required, &L::attn_k, Dim::k_width, Dim::d_model},
    {"attn_v", required, &L::attn_v, Dim::v_width, Dim::d_model},
    {"attn_output", required, &L::attn_out, Dim::d_model, Dim::attn_width},
};
constexpr LayerTensor kDeltaIn[] = {
    {"attn_qkv", required, &L::mix_in, Dim::conv_width, Dim::d_model},
    {"attn_gate", required, &L::delta_gate, Dim::delta_width, Dim::d_model},
};
constexpr LayerTensor kDeltaGates[] = {
    {"ssm_beta", required, &L::delta_beta, Dim::n_delta_heads, Dim::d_model},
    {"ssm_alpha", required, &L::delta_decay, Dim::n_delta_heads, Dim::d_model},
};
// The rows of these matrices belong to key heads: query, key, values and gates of one, then the next one's.
constexpr LayerTensor kDeltaFusedIn[] = {
    {"ssm_in", required, &L::mix_in, Dim::delta_fused_width, Dim::d_model},
};
constexpr LayerTensor kDeltaFusedGates[] = {
    {"ssm_ba", required, &L::delta_gates, Dim::delta_fused_gates, Dim::d_model},
};
constexpr LayerTensor kDeltaNet[] = {
    {"ssm_conv1d.weight", required, &L::taps, Dim::conv_width, Dim::conv_kernel},
    {"ssm_dt.bias", required, &L::decay_bias, Dim::n_delta_heads},
    {"ssm_a", required, &L::decay_rate, Dim::n_delta_heads},
    {"ssm_norm", required, &L::delta_norm, Dim::d_state},
    {"ssm_out", required, &L::attn_out, Dim::d_model, Dim::delta_width},
};
constexpr TensorGroup kQwen35Layer[] = {
    {Where::every_layer, kNormsAroundAttention},
    {Where::attention, kGatedAttention},
    {Where::attention, kHeadNorms},
    {Where::delta_net, kDeltaIn},
    {Where::delta_net, kDeltaGates},
    {Where::delta_net, kDeltaNet},
    {Where::dense, kGatedFfn},
    {Where::experts, kExperts},
    {Where::shared_expert, kSharedExpert},
    {Where::shared_expert, kSharedRouter},
};
constexpr TensorGroup kQwen3NextLayer[] = {
    {Where::every_layer, kNormsAroundAttention},
    {Where::attention, kGatedAttention},
    {Where::attention, kHeadNorms},
    {Where::delta_split, kDeltaIn},
    {Where::delta_fused, kDeltaFusedIn},
    {Where::delta_net, kDeltaFusedGates},
    {Where::delta_net, kDeltaNet},
    {Where::dense, kGatedFfn},
    {Where::experts, kExperts},
    {Where::shared_expert, kSharedExpert},
    {Where::shared_expert, kSharedRouter},
};

Status read_delta(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.conv_kernel, keys.count("ssm.conv_kernel", 2, kMaxConvKernel));
  QUERN_TRY(p.delta.d_state, keys.count("ssm.state_size", 1, 1024));
  QUERN_TRY(p.delta.n_k_heads, keys.count("ssm.group_count", 1, kMaxHeads));
  QUERN_TRY(p.delta.n_v_heads, keys.count("ssm.time_step_rank", 1, kMaxHeads));
  QUERN_TRY(const std::uint32_t inner, keys.count("ssm.inner_size", 1, kMaxWidth));
  if (inner != std::uint64_t{p.delta.n_v_heads} * p.delta.d_state) {
    return fail(Errc::corrupt, "{}: want {} heads of {}, found {}", keys.name("ssm.inner_size"), p.delta.n_v_heads,
                p.delta.d_state, inner);
  }
  if (p.delta.n_v_heads % p.delta.n_k_heads != 0) {
    return fail(Errc::corrupt, "{}: want a divisor of the {} value heads, found {}", keys.name("ssm.group_count"),
                p.delta.n_v_heads, p.delta.n_k_heads);
  }
  return {};
}

// Which layers have no attention: a list of flags, or all but every n-th.
Status read_recurrent_layers(const KeyReader& keys, HyperParams& p) {
  if (keys.has("attention.recurrent_layers")) {
    QUERN_TRY(const std::vector<bool> recurrent, keys.flags("attention.recurrent_layers", p.n_layers()));
    for (std::uint32_t i = 0; i < p.n_layers(); ++i)
      p.layers[i].mixer = recurrent[i] ? Mixer::delta_net : Mixer::attention;
    keys.ignore("full_attention_interval");  // the list says more
    return {};
  }
  QUERN_TRY(const std::uint32_t interval, keys.count_or("full_attention_interval", 1, kMaxLayers, 4));
  for (std::uint32_t i = 0; i < p.n_layers(); ++i)
    p.layers[i].mixer = (i + 1) % interval == 0 ? Mixer::attention : Mixer::delta_net;
  return {};
}

Status adjust_qwen35(const KeyReader& keys, HyperParams& p) {
  if (p.d_head_k != p.d_head_v) {
    return fail(Errc::unsupported, "{}: want {} like attention.key_length, found {}",
                keys.name("attention.value_length"), p.d_head_k, p.d_head_v);
  }
  QUERN_CHECK(read_delta(keys, p));
  return read_recurrent_layers(keys, p);
}

Status adjust_qwen3next(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(adjust_qwen35(keys, p));
  p.delta.adjacent_heads = true;
  for (std::uint32_t i = 0; i < p.n_layers(); ++i)
    p.delta.fused |= keys.file().find_tensor(fmt::format("blk.{}.ssm_in.weight", i)) != nullptr;
  return {};
}

constexpr MixtureRule kQwen35Mixture{.use = MixtureRule::Use::required,
                                     .width = MixtureRule::Width::dense_share,
                                     .shared = MixtureRule::Shared::length_or_expert};

}  // namespace

extern const ArchSpec kQwen35{.gguf_arch = "qwen35",
                              .rope = RopeStyle::split,
                              .sections = RopeSections::interleaved,
                              .attention_gate = AttentionGate::in_query,
                              .draft_layers = true,
                              .adjust = &adjust_qwen35,
                              .layer_tensors = kQwen35Layer};

extern const ArchSpec kQwen35Moe{.gguf_arch = "qwen35moe",
                                 .rope = RopeStyle::split,
                                 .sections = RopeSections::interleaved,
                                 .attention_gate = AttentionGate::in_query,
                                 .draft_layers = true,
                                 .mixture = kQwen35Mixture,
                                 .adjust = &adjust_qwen35,
                                 .layer_tensors = kQwen35Layer};

extern const ArchSpec kQwen3Next{.gguf_arch = "qwen3next",
                                 .rope = RopeStyle::split,
                                 .attention_gate = AttentionGate::in_query,
                                 .draft_layers = true,
                                 .mixture = kQwen35Mixture,
                                 .adjust = &adjust_qwen3next,
                                 .layer_tensors = kQwen3NextLayer};

}  // namespace quern::engine
