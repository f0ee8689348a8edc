// RWKV 6 and 7: no attention. Each layer mixes a token's input with the one before it, by amounts that depend on both,
// and keeps a matrix per head, which decays per key channel and, in version 7, corrects what it holds (a generalized
// delta rule); a second block gates squared ReLUs of such mixtures. Source: arXiv 2404.05892 (RWKV 5 and 6), 2503.14456
// (RWKV 7).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kRwkvNorms[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"attn_norm_2", required, &L::ffn_norm, Dim::d_model},
};
constexpr LayerTensor kRwkvTimeMix[] = {
    {"time_mix_key", required, &L::attn_k, Dim::d_model, Dim::d_model},
    {"time_mix_value", required, &L::attn_v, Dim::d_model, Dim::d_model},
    {"time_mix_receptance", required, &L::attn_q, Dim::d_model, Dim::d_model},
    {"time_mix_output", required, &L::attn_out, Dim::d_model, Dim::d_model},
    {"time_mix_ln", required, &L::delta_norm, Dim::d_model},
    {"channel_mix_lerp_k.weight", required, &L::channel_lerp_k, Dim::d_model},
    {"channel_mix_key", required, &L::ffn_up, Dim::d_ff, Dim::d_model},
    {"channel_mix_value", required, &L::ffn_down, Dim::d_model, Dim::d_ff},
};
constexpr LayerTensor kRwkv6[] = {
    {"time_mix_lerp_x.weight", required, &L::lerp_x, Dim::d_model},
    {"time_mix_lerp_fused.weight", optional, &L::lerps, Dim::d_model_x5},
    {"time_mix_lerp_w.weight", optional, &L::lerp_w, Dim::d_model},
    {"time_mix_lerp_k.weight", optional, &L::lerp_k, Dim::d_model},
    {"time_mix_lerp_v.weight", optional, &L::lerp_v, Dim::d_model},
    {"time_mix_lerp_r.weight", optional, &L::lerp_r, Dim::d_model},
    {"time_mix_lerp_g.weight", optional, &L::lerp_g, Dim::d_model},
    {"time_mix_w1", required, &L::mix_down, Dim::mix_rank_x5, Dim::d_model},
    {"time_mix_w2", required, &L::mix_up, Dim::five, Dim::d_model, Dim::mix_rank},
    {"time_mix_first.weight", required, &L::first_bonus, Dim::d_model},
    {"time_mix_decay.weight", required, &L::decay_bias, Dim::d_model},
    {"time_mix_decay_w1", required, &L::decay_down, Dim::decay_rank, Dim::d_model},
    {"time_mix_decay_w2", required, &L::decay_up, Dim::d_model, Dim::decay_rank},
    {"time_mix_gate", required, &L::attn_gate, Dim::d_model, Dim::d_model},
    {"channel_mix_lerp_r.weight", required, &L::channel_lerp_r, Dim::d_model},
    {"channel_mix_receptance", required, &L::ffn_gate, Dim::d_model, Dim::d_model},
};
constexpr LayerTensor kRwkv7[] = {
    {"time_mix_lerp_fused.weight", required, &L::lerps, Dim::d_model_x6},
    {"time_mix_w0.weight", required, &L::decay_bias, Dim::d_model},
    {"time_mix_w1", required, &L::decay_down, Dim::decay_rank, Dim::d_model},
    {"time_mix_w2", required, &L::decay_up, Dim::d_model, Dim::decay_rank},
    {"time_mix_a0.weight", required, &L::rate_bias, Dim::d_model},
    {"time_mix_a1", required, &L::rate_down, Dim::rate_rank, Dim::d_model},
    {"time_mix_a2", required, &L::rate_up, Dim::d_model, Dim::rate_rank},
    {"time_mix_v0.weight", optional, &L::value_bias, Dim::d_model},
    {"time_mix_v1", optional, &L::value_down, Dim::any, Dim::d_model},
    {"time_mix_v2", optional, &L::value_up, Dim::d_model, Dim::any},
    {"time_mix_g1", required, &L::gate_down, Dim::gate_rank, Dim::d_model},
    {"time_mix_g2", required, &L::gate_up, Dim::d_model, Dim::gate_rank},
    {"time_mix_k_k.weight", required, &L::key_scale, Dim::d_model},
    {"time_mix_k_a.weight", required, &L::key_rate, Dim::d_model},
    {"time_mix_r_k.weight", required, &L::first_bonus, Dim::d_model},
};
constexpr TensorGroup kRwkv6Layer[] = {
    {Where::every_layer, kRwkvNorms}, {Where::every_layer, kRwkvTimeMix}, {Where::every_layer, kRwkv6}};
constexpr TensorGroup kRwkv7Layer[] = {
    {Where::every_layer, kRwkvNorms}, {Where::every_layer, kRwkvTimeMix}, {Where::every_layer, kRwkv7}};

Status read_rwkv(const KeyReader& keys, Mixer mixer, HyperParams& p) {
  QUERN_TRY(p.rwkv.d_head, keys.count("wkv.head_size", 1, kMaxState));
  if (p.d_model % p.rwkv.d_head != 0)
    return fail(Errc::corrupt, "{}: want a divisor of {}, found {}", keys.name("wkv.head_size"), p.d_model,
                p.rwkv.d_head);
  if (p.d_ff == 0)
    return fail(Errc::corrupt, "{}: want 1 to {}, found none", keys.name("feed_forward_length"), kMaxWidth);
  QUERN_TRY(const std::uint32_t n_shifts, keys.count_or("token_shift_count", 0, 2, 2));
  QUERN_CHECK(require_same(keys, "token_shift_count", n_shifts, 2));
  QUERN_TRY(p.rwkv.rescale_every, keys.count_or("rescale_every_n_layers", 0, kMaxLayers, 0));
  p.conv_kernel = 2;  // one earlier token
  for (LayerParams& layer : p.layers) {
    layer.mixer = mixer;
    layer.dense = false;  // the second block sees the earlier token too, so the mixer computes both
  }
  return {};
}

Status adjust_rwkv6(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.rwkv.mix_rank, keys.count("time_mix_extra_dim", 1, kMaxWidth / 5));
  QUERN_TRY(p.rwkv.decay_rank, keys.count("time_decay_extra_dim", 1, kMaxWidth));
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    for (const char* const part : {"w", "k", "v", "r", "g"}) {
      const auto has = [&](std::string_view name) {
        return keys.file().find_tensor(fmt::format("blk.{}.time_mix_lerp_{}.weight", i, name)) != nullptr;
      };
      if (!has("fused") && !has(part))
        return fail(Errc::corrupt, "{}: tensor blk.{}.time_mix_lerp_{}.weight is missing", keys.file().name(), i, part);
    }
  }
  return read_rwkv(keys, Mixer::rwkv6, p);
}

Status adjust_rwkv7(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.rwkv.decay_rank, keys.count("attention.decay_lora_rank", 1, kMaxWidth));
  QUERN_TRY(p.rwkv.rate_rank, keys.count("attention.iclr_lora_rank", 1, kMaxWidth));
  QUERN_TRY(p.rwkv.value_rank, keys.count("attention.value_residual_mix_lora_rank", 1, kMaxWidth));
  QUERN_TRY(p.rwkv.gate_rank, keys.count("attention.gate_lora_rank", 1, kMaxWidth));
  // The first layer has no values before it to mix with: what it has of this is not used, and of any shape.
  for (std::uint32_t i = 1; i < p.n_layers(); ++i) {
    for (const char* const part : {"v0", "v1", "v2"}) {
      const std::string name = fmt::format("blk.{}.time_mix_{}.weight", i, part);
      const gguf::Tensor* tensor = keys.file().find_tensor(name);
      if (tensor == nullptr) return fail(Errc::corrupt, "{}: tensor {} is missing", keys.file().name(), name);
      const std::uint64_t rank = part[1] == '1' ? tensor->dims[1] : tensor->dims[0];
      if (part[1] != '0' && rank != p.rwkv.value_rank)
        return fail(Errc::corrupt, "{}: tensor {}: want rank {}, found {}", keys.file().name(), name, p.rwkv.value_rank,
                    rank);
    }
  }
  return read_rwkv(keys, Mixer::rwkv7, p);
}

}  // namespace

extern const ArchSpec kRwkv6Arch{.gguf_arch = "rwkv6",
                                 .norm = NormKind::layer,
                                 .attends = false,
                                 .adjust = &adjust_rwkv6,
                                 .model_tensors = kNormedDecoder,
                                 .layer_tensors = kRwkv6Layer};

extern const ArchSpec kRwkv7Arch{.gguf_arch = "rwkv7",
                                 .norm = NormKind::layer,
                                 .attends = false,
                                 .adjust = &adjust_rwkv7,
                                 .model_tensors = kNormedDecoder,
                                 .layer_tensors = kRwkv7Layer};

}  // namespace quern::engine
