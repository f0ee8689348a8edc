// What one layer is made of: what mixes tokens in it, its heads and widths, its feed-forward block.
#pragma once

#include <array>
#include <cstdint>

namespace quern::engine {

// What mixes tokens in a layer.
enum class Mixer : std::uint8_t {
  none,  // nothing: the layer is a feed-forward block, or less
  attention,
  latent_attention,  // keys and values compressed into one vector per token (MLA)
  linear,            // nothing, but a matrix stands where attention would be
  delta_net,         // gated delta rule over a recurrent state
  short_conv,        // gated convolution over the last few tokens
  mamba,             // a state space of channels
  rwkv6,             // a decaying matrix per head; the layer's feed-forward block is part of the mixer
  rwkv7,
};

constexpr bool is_recurrent(Mixer mixer) noexcept {
  return mixer >= Mixer::delta_net;
}
constexpr bool is_attention(Mixer mixer) noexcept {
  return mixer == Mixer::attention || mixer == Mixer::latent_attention;
}

struct LayerParams {
  static constexpr std::uint8_t kNoRope = 255;
  Mixer mixer = Mixer::attention;
  bool mamba_beside = false;     // a state space reads what attention reads, and their answers add up
  bool dense = true;             // a dense feed-forward block
  bool experts = false;          // a mixture of experts: instead of the dense block, or beside it
  std::uint8_t rope = 0;         // index into HyperParams::rope, or kNoRope
  std::uint32_t window = 0;      // see kernels::WindowKind; 0: none
  std::uint32_t n_heads = 0;     // of attention
  std::uint32_t n_kv_heads = 0;  // divides n_heads
  std::uint32_t d_head_k = 0;    // as attention sees it
  std::uint32_t d_head_v = 0;
  std::uint32_t d_ff = 0;  // of the dense block
  bool shares_kv = false;  // reads the keys and values of the earlier layer kv_from, and has none
  std::uint32_t kv_from = 0;
  std::uint32_t cache_layer = 0;   // attention: layer of the KV arena
  std::uint32_t state_layer = 0;   // what is recurrent: layer of a state page
  bool query_temperature = false;  // queries grow with the position: see HyperParams::temperature_scale
  bool unit_qk = false;            // queries and keys are scaled to a mean square of 1 after rotation
  bool unit_v = false;             // the same for each head's value
  float sparsity = 0;              // gates below mean + sparsity * deviation become 0; 0: none do
  std::array<float, 4> xielu{};    // alpha_n, alpha_p, beta, eps of that activation

  bool keeps_kv() const noexcept { return is_attention(mixer) && !shares_kv; }
  bool keeps_state() const noexcept { return is_recurrent(mixer) || mamba_beside; }
  void use_experts(bool use) noexcept {
    experts = use;
    dense = !use;
  }

  std::uint32_t q_width() const noexcept { return n_heads * d_head_k; }
  std::uint32_t k_width() const noexcept { return n_kv_heads * d_head_k; }
  std::uint32_t v_width() const noexcept { return n_kv_heads * d_head_v; }
  std::uint32_t attn_width() const noexcept { return n_heads * d_head_v; }
  std::uint32_t heads_per_kv() const noexcept { return n_heads / n_kv_heads; }
};

}  // namespace quern::engine
