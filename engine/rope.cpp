#include "engine/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quern::engine {

namespace {

// The (fractional) pair whose wave makes `rotations` turns over the original context.
double pair_of_rotations(const RopeParams& p, double rotations) {
  const double turns = static_cast<double>(p.original_context) / (rotations * 2.0 * std::numbers::pi);
  return static_cast<double>(p.n_rot) * std::log(turns) / (2.0 * std::log(p.freq_base));
}

// YaRN's ramp: 1 keeps the trained frequency (fast pairs), 0 interpolates it (slow pairs).
double keep_share(const RopeParams& p, std::uint32_t pair) {
  const double last = static_cast<double>(p.n_rot - 1);
  const double low = std::max(0.0, std::floor(pair_of_rotations(p, p.beta_fast)));
  const double high = std::min(last, std::ceil(pair_of_rotations(p, p.beta_slow)));
  return 1.0 - std::clamp((static_cast<double>(pair) - low) / std::max(0.001, high - low), 0.0, 1.0);
}

}  // namespace

RopeTable::RopeTable(const RopeParams& p, std::span<const float> factors) {
  frequency_.resize(p.n_rot / 2);
  for (std::uint32_t pair = 0; pair < frequency_.size(); ++pair) {
    const double divisor = factors.empty() ? 1.0 : static_cast<double>(factors[pair]);
    const double trained = std::pow(p.freq_base, -2.0 * pair / p.n_rot) / divisor;
    const double keep = p.scaling == RopeScaling::yarn ? keep_share(p, pair) : 0.0;
    frequency_[pair] = p.turns(pair) ? trained / p.factor * (1.0 - keep) + trained * keep : 0.0;
  }
  magnitude_ = p.attn_factor;
  if (p.scaling == RopeScaling::yarn && p.factor > 1.0) magnitude_ *= 1.0 + 0.1 * std::log(p.factor);
}

void RopeTable::fill(std::uint32_t position, float* out) const noexcept {
  const std::size_t n = frequency_.size();
  for (std::size_t pair = 0; pair < n; ++pair) {
    const double angle = frequency_[pair] * position;
    out[pair] = static_cast<float>(std::cos(angle) * magnitude_);
    out[n + pair] = static_cast<float>(std::sin(angle) * magnitude_);
  }
}

}  // namespace quern::engine
