// The gated delta net: a convolution over queries, keys and values, then a state per head that forgets (decay) and
// corrects what it remembers of a key (beta), token by token. A head's answer is normalized and gated.
// The order of tokens is the order of sums, whatever the chunks of a step. Source: arXiv 2412.06464 (Gated DeltaNet);
// Qwen3-Next's configuration for the pairing of heads, in the order that GGUF files keep them.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::engine {

namespace {

double sigmoid(double x) noexcept {
  return 1.0 / (1.0 + std::exp(-x));
}

double softplus(double x) noexcept {
  return x > 30.0 ? x : std::log1p(std::exp(x));
}

// x *= scale / max(|x|, eps)
void scale_to_length(float* x, std::size_t n, double eps, double scale) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  const auto factor = static_cast<float>(scale / std::max(std::sqrt(sum), eps));
  for (std::size_t i = 0; i < n; ++i) x[i] *= factor;
}

}  // namespace

// What the layer reads of norm(x): mixed values, gates, and the logits of beta and decay.
void ForwardPass::delta_inputs(const LayerWeights& w) noexcept {
  const DeltaParams& d = params_.delta;
  const Inputs in = inputs_for({&w.mix_in, &w.delta_gate, &w.delta_beta, &w.delta_decay, &w.delta_gates});
  norm_and_convert(w.attn_norm, in);
  pool_.run([&](std::uint32_t worker) {
    std::size_t next = 0;
    const auto apply_to = [&](const Linear& linear, float* y) {
      if (linear) apply(linear, in.input[next++], worker, y, linear.matrix.n_rows);
    };
    apply_to(w.mix_in, d.fused ? a_.fused : a_.mix_in);
    apply_to(w.delta_gate, a_.delta_gate);
    apply_to(w.delta_beta, a_.delta_beta);
    apply_to(w.delta_decay, a_.delta_decay);
    apply_to(w.delta_gates, a_.fused_gates);
  });
  if (!d.fused && !w.delta_gates) return;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      if (d.fused) part_fused_row(row);
      if (w.delta_gates) part_fused_gates(row);
    }
  });
}

// Per key head: query, key, the values of its value heads, their gates.
void ForwardPass::part_fused_row(std::size_t row) noexcept {
  const DeltaParams& d = params_.delta;
  const std::size_t n = d.d_state, n_values = d.n_v_heads / d.n_k_heads * n;
  const float* from = a_.fused + row * 2 * (d.k_width() + d.v_width());
  float* q = a_.mix_in + row * d.conv_width();
  float* gate = a_.delta_gate + row * d.v_width();
  for (std::size_t h = 0; h < d.n_k_heads; ++h, from += 2 * (n + n_values)) {
    std::memcpy(q + h * n, from, n * sizeof(float));
    std::memcpy(q + d.k_width() + h * n, from + n, n * sizeof(float));
    std::memcpy(q + 2 * d.k_width() + h * n_values, from + 2 * n, n_values * sizeof(float));
    std::memcpy(gate + h * n_values, from + 2 * n + n_values, n_values * sizeof(float));
  }
}

// Per key head: the betas of its value heads, then their decays.
void ForwardPass::part_fused_gates(std::size_t row) noexcept {
  const DeltaParams& d = params_.delta;
  const std::size_t n = d.n_v_heads / d.n_k_heads;
  const float* from = a_.fused_gates + row * 2 * d.n_v_heads;
  for (std::size_t h = 0; h < d.n_k_heads; ++h, from += 2 * n) {
    std::memcpy(a_.delta_beta + row * d.n_v_heads + h * n, from, n * sizeof(float));
    std::memcpy(a_.delta_decay + row * d.n_v_heads + h * n, from + n, n * sizeof(float));
  }
}

void ForwardPass::delta_net(const LayerWeights& w, const LayerParams& layer) noexcept {
  const DeltaParams& d = params_.delta;
  const std::size_t width = params_.conv_width();
  delta_inputs(w);
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = kernels::share_of(width, 16, worker, pool_.n_workers());
    convolve(w, layer, mine, a_.mix_in, width, a_.convolved, width);
    for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
      float* values = a_.convolved + row * width + mine.begin;
      kernels_.silu(values, mine.end - mine.begin, values);
    }
  });
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) prepare_delta_row(w, row);
  });
  const auto n_items = static_cast<std::uint32_t>(rows_.seqs().size()) * d.n_v_heads;
  for_each_item(n_items,
                [&](std::uint32_t i) { delta_head(w, layer, rows_.seqs()[i / d.n_v_heads], i % d.n_v_heads); });
  project_and_add(w.attn_out, a_.attended, w.attn_post_norm);
}

// Queries and keys to unit length, beta and decay from logits.
void ForwardPass::prepare_delta_row(const LayerWeights& w, std::size_t row) noexcept {
  const DeltaParams& d = params_.delta;
  float* q = a_.convolved + row * params_.conv_width();
  float* k = q + d.k_width();
  const double eps = params_.norm_eps, query_scale = 1.0 / std::sqrt(static_cast<double>(d.d_state));
  for (std::size_t h = 0; h < d.n_k_heads; ++h) {
    scale_to_length(q + h * d.d_state, d.d_state, eps, query_scale);
    scale_to_length(k + h * d.d_state, d.d_state, eps, 1.0);
  }
  for (std::size_t h = 0; h < d.n_v_heads; ++h) {
    float& beta = a_.delta_beta[row * d.n_v_heads + h];
    float& decay = a_.delta_decay[row * d.n_v_heads + h];
    beta = static_cast<float>(sigmoid(beta));
    decay = static_cast<float>(std::exp(softplus(static_cast<double>(decay) + w.decay_bias[h]) * w.decay_rate[h]));
  }
}

void ForwardPass::delta_head(const LayerWeights& w, const LayerParams& layer, const SeqRows& seq,
                             std::uint32_t head) noexcept {
  const DeltaParams& d = params_.delta;
  const std::size_t n = d.d_state,
                    key_head = d.adjacent_heads ? head / (d.n_v_heads / d.n_k_heads) : head % d.n_k_heads;
  float* state = memory_of(seq, layer) + head * n * n;
  if (seq.first_position == 0) std::fill_n(state, n * n, 0.0f);
  for (std::size_t row = seq.begin; row < seq.end; ++row) {
    const float* q = a_.convolved + row * params_.conv_width();
    float* out = a_.attended + row * d.v_width() + head * n;
    kernels_.delta_rule({.state = state,
                         .d_k = n,
                         .d_v = n,
                         .q = q + key_head * n,
                         .k = q + d.k_width() + key_head * n,
                         .v = q + 2 * d.k_width() + head * n,
                         .decay = a_.delta_decay[row * d.n_v_heads + head],
                         .beta = a_.delta_beta[row * d.n_v_heads + head],
                         .out = out});
    normalize(w.delta_norm, out, n, out);
    kernels_.silu_mul(a_.delta_gate + row * d.v_width() + head * n, out, n, out);
  }
}

}  // namespace quern::engine
