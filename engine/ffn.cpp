// The dense gated feed-forward block: x += down(silu(gate(norm(x))) * up(norm(x))).
#include "engine/forward_pass.hpp"

namespace quern::engine {

void ForwardPass::ffn(const LayerWeights& w) noexcept {
  const std::size_t d_ff = params_.d_ff;
  const Inputs in = inputs_for({&w.ffn_gate, &w.ffn_up}, rows_.n_rows(), rows_.n_decode_rows());
  norm_and_convert(w.ffn_norm, in);
  pool_.run([&](std::uint32_t worker) {
    multiply(w.ffn_gate, in.input[0], worker, a_.gate, d_ff);
    add_bias(w.ffn_gate, w.ffn_gate_bias, worker, a_.gate, d_ff);
    multiply(w.ffn_up, in.input[1], worker, a_.up, d_ff);
    add_bias(w.ffn_up, w.ffn_up_bias, worker, a_.up, d_ff);
    // gate and up have the same number of rows, so this worker has both halves of its columns.
    const kernels::Range mine = w.ffn_gate.worker_rows[worker];
    for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
      float* gate = a_.gate + row * d_ff + mine.begin;
      kernels_.silu_mul(gate, a_.up + row * d_ff + mine.begin, mine.end - mine.begin, gate);
    }
  });
  project_and_add(w.ffn_down, w.ffn_down_bias, a_.gate);
}

}  // namespace quern::engine
