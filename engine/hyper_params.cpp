#include "engine/hyper_params.hpp"

#include <algorithm>

namespace quern::engine {

std::uint32_t HyperParams::n_state_layers() const noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(layers.begin(), layers.end(), [](const LayerParams& l) { return is_recurrent(l.mixer); }));
}

std::uint32_t HyperParams::n_kv_layers() const noexcept {
  return n_layers() - n_state_layers();
}

std::uint64_t HyperParams::state_values() const noexcept {
  if (n_state_layers() == 0) return 0;
  return std::uint64_t{conv_kernel - 1} * conv_width() + std::uint64_t{delta.n_v_heads} * delta.d_state * delta.d_state;
}

}  // namespace quern::engine
