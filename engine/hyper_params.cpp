#include "engine/hyper_params.hpp"

#include <algorithm>

namespace quern::engine {

std::uint32_t HyperParams::n_state_layers() const noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(layers.begin(), layers.end(), [](const LayerParams& l) { return l.keeps_state(); }));
}

std::uint32_t HyperParams::n_kv_layers() const noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(layers.begin(), layers.end(), [](const LayerParams& l) { return l.keeps_kv(); }));
}

bool HyperParams::same_heads() const noexcept {
  return std::all_of(layers.begin(), layers.end(), [this](const LayerParams& l) {
    return !l.keeps_kv() || (l.n_kv_heads == n_kv_heads && l.d_head_k == d_head_k && l.d_head_v == d_head_v);
  });
}

std::uint32_t HyperParams::widest(std::uint32_t (LayerParams::*width)() const noexcept) const noexcept {
  std::uint32_t widest = 0;
  for (const LayerParams& layer : layers) {
    if (is_attention(layer.mixer) || layer.mixer == Mixer::linear) widest = std::max(widest, (layer.*width)());
  }
  return widest;
}

std::uint32_t HyperParams::conv_width() const noexcept {
  if (delta.n_v_heads > 0) return delta.conv_width();
  if (ssm.d_inner > 0) return ssm.conv_width();
  if (rwkv.d_head > 0) return 2 * d_model;  // the inputs of both blocks
  return d_model;
}

std::uint64_t HyperParams::state_values() const noexcept {
  if (n_state_layers() == 0) return 0;
  return std::uint64_t{conv_kernel - 1} * conv_width() +
         std::uint64_t{delta.n_v_heads} * delta.d_state * delta.d_state + std::uint64_t{ssm.d_inner} * ssm.d_state +
         std::uint64_t{rwkv.d_head} * (rwkv.d_head > 0 ? d_model : 0);
}

}  // namespace quern::engine
