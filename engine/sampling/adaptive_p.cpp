#include "engine/sampling/adaptive_p.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace quern::engine::sampling {

TokenId draw_adaptive(Candidates& c, Sequence& s) {
  constexpr double kPeak = 5.0, kSharpness = 10.0, kWidth = 0.3;
  const Candidates::Weights w = c.weights();
  std::vector<float>& chances = c.scratch().keys;
  chances.resize(w.weight.size());
  for (std::size_t i = 0; i < chances.size(); ++i) {
    chances[i] = static_cast<float>(static_cast<double>(w.weight[i]) / w.total);
  }
  AdaptiveMemory& memory = s.adaptive;
  const double mean = memory.weighted_sum / memory.total_weight;
  const double target = std::clamp(2.0 * static_cast<double>(s.params.adaptive_target) - mean, 0.0, 1.0);
  c.change_each([&](std::size_t i, float) {
    const double distance = std::abs(static_cast<double>(chances[i]) - target) / kWidth;
    return static_cast<float>(kPeak - kSharpness * distance * distance / (1.0 + distance));
  });
  const std::optional<std::size_t> drawn = draw_index(c, s.rng);
  if (!drawn) return kNoToken;
  const double decay = static_cast<double>(s.params.adaptive_decay);
  memory.weighted_sum = static_cast<double>(chances[*drawn]) + decay * memory.weighted_sum;
  memory.total_weight = 1.0 + decay * memory.total_weight;
  return c.id(*drawn);
}

}  // namespace quern::engine::sampling
