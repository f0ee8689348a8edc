#include "app/bench/weight_traffic.hpp"

#include <cmath>

namespace quern::app {
namespace {

double bytes_of(const engine::Matrix& matrix) {
  return static_cast<double>(matrix.n_rows) * static_cast<double>(matrix.row_bytes);
}

// E (1 - (1 - k / E)^n) of E experts are hit by n sequences that pick k each.
double share_of_experts(const engine::HyperParams& params, std::uint32_t n_seqs) {
  if (params.moe.n_experts == 0) return 0;
  const double missed = 1.0 - static_cast<double>(params.moe.n_used) / static_cast<double>(params.moe.n_experts);
  return 1.0 - std::pow(missed, static_cast<double>(n_seqs));
}

}  // namespace

double weight_bytes_per_step(const engine::Model& model, std::uint32_t n_seqs) {
  const engine::ModelWeights& weights = model.weights();
  double sum = bytes_of(weights.output.matrix) + static_cast<double>(weights.token_embd.row_bytes) * n_seqs;
  double experts = 0;
  for (const engine::LayerWeights& layer : weights.layers) {
    layer.for_each_matrix([&](const engine::Matrix& matrix) { sum += bytes_of(matrix); });
    layer.for_each_expert_matrix([&](const engine::Matrix& matrix) { experts += bytes_of(matrix); });
  }
  return sum + experts * share_of_experts(model.params(), n_seqs);
}

}  // namespace quern::app
