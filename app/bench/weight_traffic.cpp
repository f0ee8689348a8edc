#include "app/bench/weight_traffic.hpp"

#include <cmath>

namespace quern::app {
namespace {

double bytes_of(const engine::Matrix& matrix) {
  return static_cast<double>(matrix.n_rows) * static_cast<double>(matrix.row_bytes);
}

double bytes_of(const std::vector<engine::Matrix>& matrices) {
  double sum = 0;
  for (const engine::Matrix& matrix : matrices) sum += bytes_of(matrix);
  return sum;
}

// E (1 - (1 - k / E)^n) of E experts are hit by n sequences that pick k each.
double share_of_experts(const engine::HyperParams& params, std::uint32_t n_seqs) {
  if (params.n_experts == 0) return 0;
  const double missed = 1.0 - static_cast<double>(params.n_experts_used) / static_cast<double>(params.n_experts);
  return 1.0 - std::pow(missed, static_cast<double>(n_seqs));
}

}  // namespace

double weight_bytes_per_step(const engine::Model& model, std::uint32_t n_seqs) {
  const engine::ModelWeights& weights = model.weights();
  double sum = bytes_of(weights.output) + static_cast<double>(weights.token_embd.row_bytes) * n_seqs;
  double experts = 0;
  for (const engine::LayerWeights& layer : weights.layers) {
    for (const engine::Matrix* matrix : {&layer.attn_q, &layer.attn_k, &layer.attn_v, &layer.attn_out, &layer.ffn_gate,
                                         &layer.ffn_up, &layer.ffn_down, &layer.router}) {
      sum += bytes_of(*matrix);
    }
    experts += bytes_of(layer.expert_gate) + bytes_of(layer.expert_up) + bytes_of(layer.expert_down);
  }
  return sum + experts * share_of_experts(model.params(), n_seqs);
}

}  // namespace quern::app
