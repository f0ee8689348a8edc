// The gated short convolution: (b, c, x) = W h, answer = c * convolution(b * x). Source: arXiv 2511.23404 (LFM2).
#include "engine/forward_pass.hpp"

namespace quern::engine {

void ForwardPass::short_conv(const LayerWeights& w, const LayerParams& layer) noexcept {
  const std::size_t d_model = params_.d_model;
  const Inputs in = inputs_for({&w.mix_in});
  norm_and_convert(w.attn_norm, in);
  pool_.run([&](std::uint32_t worker) { apply(w.mix_in, in.input[0], worker, a_.mix_in, 3 * d_model); });
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = kernels::share_of(d_model, 16, worker, pool_.n_workers());
    const std::size_t n = mine.end - mine.begin;
    const auto part = [&](std::size_t row, std::size_t index) {
      return a_.mix_in + (3 * row + index) * d_model + mine.begin;
    };
    for (std::size_t row = 0; row < rows_.n_rows(); ++row) kernels_.mul(part(row, 0), part(row, 2), n, part(row, 0));
    convolve(w, layer, mine, a_.mix_in, 3 * d_model, a_.attended, d_model);
    for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
      float* answer = a_.attended + row * d_model + mine.begin;
      kernels_.mul(answer, part(row, 1), n, answer);
    }
  });
  project_and_add(w.attn_out, a_.attended, w.attn_post_norm);
}

}  // namespace quern::engine
