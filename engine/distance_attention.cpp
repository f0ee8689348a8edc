// Attention whose scores carry a bias by distance, of whole sequences: an encoder's. No page is read, since keys and
// values of the sequence are rows of the step. Source: arXiv 1910.10683 (T5), section 2.1.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::engine {

namespace {

constexpr double kFarthest = 128.0;  // tokens: beyond it all share one bucket

// Half of the buckets for keys behind the query, half for those before it; of each half, half one per distance, the
// others wider and wider.
std::uint32_t bucket_of(std::int64_t distance, std::uint32_t n_buckets) noexcept {
  const std::uint32_t n = n_buckets / 2, n_exact = n / 2;
  const std::uint32_t first = distance > 0 ? n : 0;
  const auto far = static_cast<double>(std::abs(distance));
  if (far < n_exact) return first + static_cast<std::uint32_t>(far);
  const double step = std::log(far / n_exact) / std::log(kFarthest / n_exact) * (n - n_exact);
  return first + std::min(n_exact + static_cast<std::uint32_t>(step), n - 1);
}

}  // namespace

void ForwardPass::attend_by_distance(const LayerWeights& w, const LayerParams& layer, const AttentionItem& item,
                                     std::uint32_t head) noexcept {
  const SeqRows& seq = rows_.seqs()[item.seq];
  const Vector& biases = w.distance_bias.empty() ? model_.weights().layers.front().distance_bias : w.distance_bias;
  const std::size_t d_k = layer.d_head_k, d_v = layer.d_head_v;
  for (std::size_t row = item.begin; row < item.end; ++row) {
    const float* q = a_.q + row * layer.q_width() + head * d_k;
    float* out = a_.attended + row * layer.attn_width() + head * d_v;
    std::fill_n(out, d_v, 0.0f);
    double top = -std::numeric_limits<double>::infinity(), total = 0;
    for (std::size_t key = seq.begin; key < (params_.causal ? row + 1 : seq.end); ++key) {
      const float* k = a_.k + key * layer.k_width() + head * d_k;
      const auto distance = static_cast<std::int64_t>(key) - static_cast<std::int64_t>(row);
      double score = static_cast<double>(
          biases[std::size_t{bucket_of(distance, params_.n_distance_buckets)} * layer.n_heads + head]);
      for (std::size_t i = 0; i < d_k; ++i) score += static_cast<double>(q[i]) * static_cast<double>(k[i]);
      // The sum so far is of weights relative to the highest score: a higher one shrinks it.
      if (score > top) {
        const double shrink = std::exp(top - score);
        total *= shrink;
        for (std::size_t i = 0; i < d_v; ++i) out[i] *= static_cast<float>(shrink);
        top = score;
      }
      const double weight = std::exp(score - top);
      total += weight;
      kernels_.add_scaled(a_.v + key * layer.v_width() + head * d_v, static_cast<float>(weight), d_v, out);
    }
    for (std::size_t i = 0; i < d_v; ++i) out[i] /= static_cast<float>(total);
  }
}

}  // namespace quern::engine
