// What follows pooling. The head of a ranking model: out = W2 act(norm(W1 x)), where either layer may be missing; of an
// embedding model, two linear layers.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>

namespace quern::engine {

void ForwardPass::project_pooled(float* x, std::uint32_t n_rows) noexcept {
  const ModelWeights& w = model_.weights();
  if (!w.dense_2 || n_rows == 0) return;
  const Inputs wide = inputs_for({&w.dense_2}, n_rows, 0);
  convert_rows(x, wide);
  pool_.run([&](std::uint32_t worker) { apply(w.dense_2, wide.input[0], worker, a_.dense, params_.d_dense); });
  const Inputs narrow = inputs_for({&w.dense_3}, n_rows, 0);
  convert_rows(a_.dense, narrow);
  pool_.run([&](std::uint32_t worker) { apply(w.dense_3, narrow.input[0], worker, x, params_.d_model); });
}

void ForwardPass::classify(float* x, std::uint32_t n_rows, float* out) noexcept {
  const ModelWeights& w = model_.weights();
  const std::size_t d_model = params_.d_model;
  if (n_rows == 0) return;
  if (w.cls) {
    const Inputs in = inputs_for({&w.cls}, n_rows, 0);
    convert_rows(x, in);
    pool_.run([&](std::uint32_t worker) { apply(w.cls, in.input[0], worker, x, d_model); });
    for (std::size_t i = 0; i < n_rows * d_model; ++i) x[i] = arch_.rank.gelu ? x[i] : std::tanh(x[i]);
    if (arch_.rank.gelu) kernels_.gelu(x, n_rows * d_model, x);
    for (std::size_t row = 0; w.cls_norm && row < n_rows; ++row) {
      normalize(w.cls_norm, x + row * d_model, d_model, x + row * d_model);
    }
  }
  if (!w.cls_out) {
    std::copy_n(x, n_rows * d_model, out);
    return;
  }
  const Inputs in = inputs_for({&w.cls_out}, n_rows, 0);
  convert_rows(x, in);
  pool_.run([&](std::uint32_t worker) { apply(w.cls_out, in.input[0], worker, out, w.cls_out.matrix.n_rows); });
}

}  // namespace quern::engine
