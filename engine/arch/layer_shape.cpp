// Which tensors a layer has, and how long they are.
#include "engine/arch/tensor_spec.hpp"
#include "engine/hyper_params.hpp"

#include <algorithm>

namespace quern::engine {

bool has_group(Where where, const HyperParams& p, const LayerParams& layer) noexcept {
  const bool latent = layer.mixer == Mixer::latent_attention;
  const bool delta = layer.mixer == Mixer::delta_net;
  switch (where) {
    case Where::every_layer:
      return true;
    case Where::mixed:
      return layer.mixer != Mixer::none;
    case Where::unmixed:
      return layer.mixer == Mixer::none;
    case Where::fed:
      return layer.dense || layer.experts;
    case Where::attention:
      return layer.mixer == Mixer::attention;
    case Where::own_kv:
      return layer.mixer == Mixer::attention && !layer.shares_kv;
    case Where::linear:
      return layer.mixer == Mixer::linear;
    case Where::latent_attention:
      return latent;
    case Where::latent_split:
      return latent && !p.latent.joint;
    case Where::latent_joint:
      return latent && p.latent.joint;
    case Where::latent_plain_q:
      return latent && p.latent.q_rank == 0;
    case Where::latent_ranked_q:
      return latent && p.latent.q_rank != 0;
    case Where::delta_net:
      return delta;
    case Where::delta_split:
      return delta && !p.delta.fused;
    case Where::delta_fused:
      return delta && p.delta.fused;
    case Where::short_conv:
      return layer.mixer == Mixer::short_conv;
    case Where::mamba:
      return layer.mixer == Mixer::mamba || layer.mamba_beside;
    case Where::dense:
      return layer.dense;
    case Where::experts:
      return layer.experts;
    case Where::shared_expert:
      return layer.experts && p.moe.d_ff_shared > 0;
    case Where::latent_experts:
      return layer.experts && p.moe.d_latent > 0;
    case Where::per_layer:
      return p.per_layer.width > 0;
  }
  return false;
}

namespace {

// 0 where it is none of these.
std::uint64_t length_in_attention(Dim dim, const HyperParams& p, const LayerParams& layer) noexcept {
  switch (dim) {
    case Dim::n_heads:
      return layer.n_heads;
    case Dim::n_kv_heads:
      return layer.n_kv_heads;
    case Dim::d_head_k:
      return layer.d_head_k;
    case Dim::q_width:
      return layer.q_width();
    case Dim::q_width_x2:
      return 2 * std::uint64_t{layer.q_width()};
    case Dim::k_width:
      return layer.k_width();
    case Dim::v_width:
      return layer.v_width();
    case Dim::attn_width:
      return layer.attn_width();
    case Dim::q_rank:
      return p.latent.q_rank;
    case Dim::kv_rank:
      return p.latent.kv_rank;
    case Dim::kv_rank_and_rope:
      return p.latent.kv_rank + p.latent.d_rope;
    case Dim::latent_q_width:
      return std::uint64_t{p.n_heads} * (p.latent.d_nope + p.latent.d_rope);
    case Dim::latent_out_width:
      return std::uint64_t{p.n_heads} * p.latent.d_value;
    case Dim::latent_joint_width:
      return std::uint64_t{p.n_heads} * (p.latent.d_nope + p.latent.d_value);
    case Dim::d_nope:
      return p.latent.d_nope;
    case Dim::d_value:
      return p.latent.d_value;
    case Dim::distance_biases:
      return std::uint64_t{p.n_distance_buckets} * layer.n_heads;
    default:
      return 0;
  }
}

// 0 where it is none of these.
std::uint64_t length_in_recurrence(Dim dim, const HyperParams& p) noexcept {
  switch (dim) {
    case Dim::conv_kernel:
      return p.conv_kernel;
    case Dim::conv_width:
      return p.conv_width();
    case Dim::n_delta_heads:
      return p.delta.n_v_heads;
    case Dim::delta_width:
      return p.delta.v_width();
    case Dim::delta_fused_width:
      return 2 * (std::uint64_t{p.delta.k_width()} + p.delta.v_width());
    case Dim::delta_fused_gates:
      return 2 * std::uint64_t{p.delta.n_v_heads};
    case Dim::d_state:
      return p.delta.d_state;
    case Dim::d_inner:
      return p.ssm.d_inner;
    case Dim::ssm_in_width:
      return p.ssm.in_width();
    case Dim::ssm_conv_width:
      return p.ssm.conv_width();
    case Dim::ssm_x_width:
      return p.ssm.x_width();
    case Dim::ssm_rank:
      return p.ssm.dt_rank;
    case Dim::ssm_state:
      return p.ssm.d_state;
    case Dim::ssm_heads:
      return p.ssm.n_steps();
    case Dim::ssm_groups:
      return p.ssm.n_groups;
    case Dim::d_inner_of_group:
      return p.ssm.d_inner / std::max(1u, p.ssm.n_groups);
    case Dim::d_model_x5:
      return 5 * std::uint64_t{p.d_model};
    case Dim::d_model_x6:
      return 6 * std::uint64_t{p.d_model};
    case Dim::five:
      return 5;
    case Dim::mix_rank:
      return p.rwkv.mix_rank;
    case Dim::mix_rank_x5:
      return 5 * std::uint64_t{p.rwkv.mix_rank};
    case Dim::decay_rank:
      return p.rwkv.decay_rank;
    case Dim::rate_rank:
      return p.rwkv.rate_rank;
    case Dim::gate_rank:
      return p.rwkv.gate_rank;
    default:
      return 0;
  }
}

}  // namespace

std::uint64_t length_of(Dim dim, const HyperParams& p, const LayerParams& layer, std::uint64_t found) noexcept {
  switch (dim) {
    case Dim::one:
      return 1;
    case Dim::any:
      return found;
    case Dim::d_model:
      return p.d_model;
    case Dim::d_model_x3:
      return 3 * std::uint64_t{p.d_model};
    case Dim::n_vocab:
      return p.n_vocab;
    case Dim::n_context:
      return p.n_context_train;
    case Dim::rope_pairs:
      return p.rope[0].n_rot / 2;
    case Dim::d_ff:
      return layer.d_ff;
    case Dim::n_experts:
      return p.moe.n_experts;
    case Dim::d_ff_expert:
      return p.moe.d_ff;
    case Dim::d_ff_shared:
      return p.moe.d_ff_shared;
    case Dim::d_dense:
      return p.d_dense;
    case Dim::d_expert_in:
      return p.moe.d_latent != 0 ? p.moe.d_latent : p.d_model;
    case Dim::d_latent:
      return p.moe.d_latent;
    case Dim::per_layer_width:
      return p.per_layer.width;
    case Dim::per_layer_all:
      return std::uint64_t{p.per_layer.width} * p.n_layers();
    case Dim::other_streams:
      return p.per_layer.n_streams - 1;
    case Dim::n_streams:
      return p.per_layer.n_streams;
    case Dim::n_streams_squared:
      return std::uint64_t{p.per_layer.n_streams} * p.per_layer.n_streams;
    case Dim::laurel_rank:
      return p.per_layer.laurel_rank;
    default:
      return std::max(length_in_attention(dim, p, layer), length_in_recurrence(dim, p));
  }
}

}  // namespace quern::engine
