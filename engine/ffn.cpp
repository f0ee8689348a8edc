// The feed-forward block of a layer: dense, x += down(act(gate(norm(x))) * up(norm(x))), or without a gate
// down(act(up(norm(x)))); a mixture of experts; or both, whose answers add up.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>

namespace quern::engine {

namespace {

// Source: gpt-oss reference implementation (openai/gpt-oss, swiglu).
constexpr float kSwigluAlpha = 1.702f, kSwigluLimit = 7.0f;

// out[i] = f(gate[i]) * up[i], or f(up[i]). A NaN passes through f.
template <class Function>
void activate_with(const float* gate, float* up, std::size_t n, bool gated, Function f) noexcept {
  for (std::size_t i = 0; i < n; ++i) up[i] = gated ? f(gate[i]) * up[i] : f(up[i]);
}

// Source: arXiv 2411.13010 (xIELU); alphas as after their softplus.
float xielu(float x, const std::array<float, 4>& numbers) noexcept {
  const auto& [alpha_n, alpha_p, beta, eps] = numbers;
  return x > 0.0f ? alpha_p * x * x + beta * x : (std::expm1(std::min(x, eps)) - x) * alpha_n + beta * x;
}

}  // namespace

void ForwardPass::feed(const LayerWeights& w, const LayerParams& layer) noexcept {
  const DenseBlock block{w.ffn_gate, w.ffn_up, w.ffn_down, w.ffn_sub_norm,
                         layer.experts ? w.dense_post_norm : w.ffn_post_norm};
  if (!layer.experts) {
    if (layer.dense) dense(block, layer, ffn_input(w), nullptr, stream());
    return;
  }
  if (!layer.dense && !w.ffn_post_norm) return moe(w, layer, stream());
  // What is normalized or scaled together adds up beside the stream first.
  const std::size_t d_model = params_.d_model;
  std::fill_n(a_.branch, std::size_t{rows_.n_rows()} * d_model, 0.0f);
  const Sum sum{a_.branch, 1.0f};
  moe(w, layer, sum);
  if (w.expert_post_norm) normalize_rows(w.expert_post_norm, a_.branch, d_model);
  if (layer.dense) {
    dense(block, layer, ffn_input(w), nullptr, sum);
    for (std::size_t i = 0; params_.moe.sum_scale != 1.0f && i < rows_.n_rows() * d_model; ++i)
      a_.branch[i] *= params_.moe.sum_scale;
  }
  add_rows(a_.branch, w.ffn_post_norm);
}

// What the block reads: nullptr where it is norm(x) and not computed yet.
const float* ForwardPass::ffn_input(const LayerWeights& w) noexcept {
  if (params_.parallel_residual) return a_.normed;  // of the layer's input: see attention()
  const Norm& norm = w.ffn_norm;
  if (!norm) return a_.x;
  norm_and_convert(norm, Inputs{});
  return a_.normed;
}

void ForwardPass::dense(const DenseBlock& block, const LayerParams& layer, const float* in, const float* row_scale,
                        const Sum& sum) noexcept {
  const auto& [gate, up, down, inner, post] = block;
  const std::size_t d_ff = up.matrix.n_rows;
  const Inputs inputs = inputs_for({&up, &gate});
  convert_rows(in, inputs);
  pool_.run([&](std::uint32_t worker) {
    // gate and up have the same shape: who has rows of one has those of the other.
    deal_rows(up.matrix, 1, inputs.input[0], worker, [&](std::uint32_t owner, std::size_t, kernels::Range mine) {
      apply_rows(block.up, inputs.input[0], owner, mine, a_.up, d_ff);
      if (block.gate) apply_rows(block.gate, inputs.input[1], owner, mine, a_.gate, d_ff);
      if (layer.sparsity != 0.0f) return;  // needs whole rows
      for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
        const std::size_t begin = row * d_ff + mine.begin;
        activate(layer, a_.gate + begin, a_.up + begin, mine.end - mine.begin, static_cast<bool>(block.gate));
      }
    });
  });
  if (layer.sparsity != 0.0f) activate_sparse(layer, d_ff);
  if (inner) normalize_rows(inner, a_.up, d_ff);
  project_and_add(down, a_.up, post, row_scale, sum);
}

// Gates that do not exceed most others of their row become 0. Source: configuration of google/gemma-3n-E4B
// (activation_sparsity_pattern): a share of them, under a normal distribution.
void ForwardPass::activate_sparse(const LayerParams& layer, std::size_t d_ff) noexcept {
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* gate = a_.gate + row * d_ff;
      double sum = 0, squares = 0;
      for (std::size_t i = 0; i < d_ff; ++i) sum += static_cast<double>(gate[i]);
      const double n = static_cast<double>(d_ff), mean = sum / n;
      for (std::size_t i = 0; i < d_ff; ++i) squares += (gate[i] - mean) * (gate[i] - mean);
      const auto least = static_cast<float>(mean + static_cast<double>(layer.sparsity) * std::sqrt(squares / (n - 1)));
      for (std::size_t i = 0; i < d_ff; ++i) gate[i] = std::max(gate[i] - least, 0.0f);
      activate(layer, gate, a_.up + row * d_ff, d_ff, true);
    }
  });
}

// up = act(gate) * up, or act(up).
void ForwardPass::activate(const LayerParams& layer, float* gate, float* up, std::size_t n, bool gated) const noexcept {
  switch (arch_.activation) {
    case Activation::silu:
      return gated ? kernels_.silu_mul(gate, up, n, up) : kernels_.silu(up, n, up);
    case Activation::gelu:
      return gated ? kernels_.gelu_mul(gate, up, n, up) : kernels_.gelu(up, n, up);
    case Activation::gelu_or_relu:  // with gates, and without
      if (gated) return kernels_.gelu_mul(gate, up, n, up);
      [[fallthrough]];
    case Activation::relu:
      return activate_with(gate, up, n, gated, [](float x) { return x < 0.0f ? 0.0f : x; });
    case Activation::squared_relu:
      return activate_with(gate, up, n, gated, [](float x) { return x < 0.0f ? 0.0f : x * x; });
    case Activation::xielu:
      return activate_with(gate, up, n, gated, [&](float x) { return xielu(x, layer.xielu); });
    case Activation::clamped_swiglu:
      return kernels_.clamped_swiglu(gate, up, kSwigluAlpha, kSwigluLimit, n, up);
  }
}

}  // namespace quern::engine
