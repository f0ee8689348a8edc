#include "engine/sampling/draw.hpp"

namespace quern::engine::sampling {

TokenId pick_best(const Candidates& c) noexcept {
  return c.max_logit() == kNoLogit ? kNoToken : c.id(c.best_index());
}

TokenId draw(Candidates& c, Rng& rng) {
  const std::optional<std::size_t> index = draw_index(c, rng);
  return index ? c.id(*index) : kNoToken;
}

std::optional<std::size_t> draw_index(Candidates& c, Rng& rng) {
  const double uniform = rng.uniform();
  const Candidates::Weights w = c.weights();
  const double target = uniform * w.total;
  double sum = 0.0;
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < w.weight.size(); ++i) {
    if (w.weight[i] <= 0.0f) continue;
    last = i;
    sum += static_cast<double>(w.weight[i]);
    if (sum > target) return last;
  }
  return last;  // the sum in this order may round to a little less than the total
}

}  // namespace quern::engine::sampling
