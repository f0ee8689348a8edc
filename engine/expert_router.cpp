#include "engine/expert_router.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::engine {

namespace {

constexpr float kHidden = -std::numeric_limits<float>::infinity();
// Weights that sum to less are not blown up further. Source: the smallest normal F16, as the reference clamps.
constexpr float kLeastSum = 6.103515625e-5f;

void softmax(float* x, std::size_t n) noexcept {
  const float top = *std::max_element(x, x + n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[i] - top));
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(std::exp(static_cast<double>(x[i] - top)) / sum);
}

// The index of the largest value. NaN never compares greater, so a broken row still picks valid experts.
std::uint32_t largest(const float* x, std::uint32_t n) noexcept {
  std::uint32_t best = 0;
  for (std::uint32_t i = 1; i < n; ++i) best = x[i] > x[best] ? i : best;
  return best;
}

}  // namespace

ExpertRouter::ExpertRouter(const MoeParams& params, std::uint32_t max_rows) : params_(params) {
  const std::size_t n_slots = std::size_t{max_rows} * params.n_used;
  slots_.resize(n_slots);
  slot_of_.resize(n_slots);
  chosen_.resize(n_slots);
  weights_.resize(n_slots);
  begin_.resize(params.n_experts + 1);
  visited_.reserve(params.n_experts);
  choice_.resize(params.n_experts);
  group_score_.resize(params.n_groups);
}

void ExpertRouter::route(float* logits, std::uint32_t n_rows, std::span<const float> bias) noexcept {
  const std::uint32_t n_used = params_.n_used, n_experts = params_.n_experts;
  std::fill(begin_.begin(), begin_.end(), 0u);
  for (std::uint32_t row = 0; row < n_rows; ++row) choose(logits + std::size_t{row} * n_experts, row, bias);
  for (std::uint32_t e = 0; e < n_experts; ++e) begin_[e + 1] += begin_[e];
  // Counting sort by expert; within an expert, rows ascend.
  for (std::uint32_t i = 0; i < n_rows * n_used; ++i) {
    const std::uint32_t slot = begin_[chosen_[i]]++;
    slots_[slot] = {.row = i / n_used, .weight = weights_[i]};
    slot_of_[i] = slot;
  }
  for (std::uint32_t e = n_experts; e > 0; --e) begin_[e] = begin_[e - 1];
  begin_[0] = 0;
  visited_.clear();
  for (std::uint32_t e = 0; e < n_experts; ++e) {
    if (begin_[e] < begin_[e + 1]) visited_.push_back(e);
  }
}

void ExpertRouter::choose(float* scores, std::uint32_t row, std::span<const float> bias) noexcept {
  const std::uint32_t n_used = params_.n_used, n_experts = params_.n_experts;
  if (params_.gating == Gating::softmax) softmax(scores, n_experts);
  if (params_.gating == Gating::sigmoid) {
    // In F32, as models are trained: large logits give the same score, and then the first experts are chosen.
    for (std::uint32_t e = 0; e < n_experts; ++e) scores[e] = 1.0f / (1.0f + std::exp(-scores[e]));
  }
  if (params_.gating == Gating::sqrt_softplus) {
    for (std::uint32_t e = 0; e < n_experts; ++e) {
      const double x = scores[e];
      scores[e] = static_cast<float>(std::sqrt(x > 30.0 ? x : std::log1p(std::exp(x))));
    }
  }
  for (std::uint32_t e = 0; e < n_experts; ++e) choice_[e] = scores[e] + (bias.empty() ? 0.0f : bias[e]);
  if (params_.n_groups_used < params_.n_groups) hide_groups();
  float* weights = weights_.data() + std::size_t{row} * n_used;
  for (std::uint32_t rank = 0; rank < n_used; ++rank) {
    std::uint32_t best = largest(choice_.data(), n_experts);
    // All that is left is NaN or hidden: any expert, as long as it is one.
    chosen_[row * n_used + rank] = best;
    weights[rank] = scores[best];
    choice_[best] = kHidden;
    ++begin_[best + 1];
  }
  finish_weights(weights);
}

// A group counts as much as its two best experts together.
void ExpertRouter::hide_groups() noexcept {
  const std::uint32_t size = params_.n_experts / params_.n_groups;
  for (std::uint32_t g = 0; g < params_.n_groups; ++g) {
    const float* scores = choice_.data() + std::size_t{g} * size;
    const std::uint32_t first = largest(scores, size);
    float second = size > 1 ? kHidden : 0.0f;
    for (std::uint32_t i = 0; i < size; ++i) second = i != first && scores[i] > second ? scores[i] : second;
    group_score_[g] = scores[first] + second;
  }
  for (std::uint32_t n = params_.n_groups_used; n > 0; --n) {
    group_score_[largest(group_score_.data(), params_.n_groups)] = kHidden;
  }
  for (std::uint32_t g = 0; g < params_.n_groups; ++g) {
    if (group_score_[g] != kHidden) std::fill_n(choice_.begin() + std::ptrdiff_t{g} * size, size, kHidden);
  }
}

void ExpertRouter::finish_weights(float* weights) const noexcept {
  const std::uint32_t n_used = params_.n_used;
  if (params_.gating == Gating::softmax_of_chosen) softmax(weights, n_used);
  if (params_.normalize) {
    float sum = 0;
    for (std::uint32_t i = 0; i < n_used; ++i) sum += weights[i];
    sum = std::max(sum, kLeastSum);
    for (std::uint32_t i = 0; i < n_used; ++i) weights[i] /= sum;
  }
  for (std::uint32_t i = 0; i < n_used; ++i) weights[i] *= params_.scale;
}

}  // namespace quern::engine
