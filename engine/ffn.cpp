// The dense feed-forward block: x += down(act(gate(norm(x))) * up(norm(x))), or without a gate down(act(up(norm(x)))).
#include "engine/forward_pass.hpp"

namespace quern::engine {

namespace {

// Source: gpt-oss reference implementation (openai/gpt-oss, swiglu).
constexpr float kSwigluAlpha = 1.702f, kSwigluLimit = 7.0f;

}  // namespace

void ForwardPass::ffn(const LayerWeights& w) noexcept {
  dense(w.ffn_gate, w.ffn_up, w.ffn_down, ffn_input(w), w.ffn_post_norm, nullptr);
}

// What the block reads: nullptr where it is norm(x) and not computed yet.
const float* ForwardPass::ffn_input(const LayerWeights& w) noexcept {
  if (params_.parallel_residual) return a_.normed;  // of the layer's input: see attention()
  const Norm& norm = w.ffn_norm;
  if (!norm) return a_.x;
  norm_and_convert(norm, Inputs{});
  return a_.normed;
}

void ForwardPass::dense(const Linear& gate, const Linear& up, const Linear& down, const float* in, const Norm& post,
                        const float* row_scale) noexcept {
  const std::size_t d_ff = up.matrix.n_rows;
  const Inputs inputs = inputs_for({&up, &gate});
  convert_rows(in, inputs);
  pool_.run([&](std::uint32_t worker) {
    // gate and up have the same shape: who has rows of one has those of the other.
    deal_rows(up.matrix, 1, inputs.input[0], worker, [&](std::uint32_t owner, std::size_t, kernels::Range mine) {
      apply_rows(up, inputs.input[0], owner, mine, a_.up, d_ff);
      if (gate) apply_rows(gate, inputs.input[1], owner, mine, a_.gate, d_ff);
      for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
        const std::size_t begin = row * d_ff + mine.begin;
        activate(a_.gate + begin, a_.up + begin, mine.end - mine.begin, static_cast<bool>(gate));
      }
    });
  });
  project_and_add(down, a_.up, post, row_scale);
}

// up = act(gate) * up, or act(up).
void ForwardPass::activate(float* gate, float* up, std::size_t n, bool gated) const noexcept {
  switch (arch_.activation) {
    case Activation::silu:
      return gated ? kernels_.silu_mul(gate, up, n, up) : kernels_.silu(up, n, up);
    case Activation::gelu:
      return gated ? kernels_.gelu_mul(gate, up, n, up) : kernels_.gelu(up, n, up);
    case Activation::clamped_swiglu:
      return kernels_.clamped_swiglu(gate, up, kSwigluAlpha, kSwigluLimit, n, up);
  }
}

}  // namespace quern::engine
