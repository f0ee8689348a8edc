// The causal convolution that recurrent layers begin with: per channel, over the last few inputs of a sequence.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cstring>

namespace quern::engine {

void ForwardPass::convolve(const LayerWeights& w, const LayerParams& layer, kernels::Range channels, const float* in,
                           std::size_t in_stride, float* out, std::size_t out_stride) noexcept {
  const std::size_t width = params_.conv_width(), n = channels.end - channels.begin, n_past = params_.conv_kernel - 1;
  if (n == 0) return;
  for (const SeqRows& seq : rows_.seqs()) {
    // The inputs before this step's first, oldest first; before a sequence begins they are 0.
    float* past = state_of(seq, layer) + channels.begin;
    if (seq.first_position == 0) {
      for (std::size_t i = 0; i < n_past; ++i) std::fill_n(past + i * width, n, 0.0f);
    }
    const std::size_t n_rows = seq.end - seq.begin;
    const auto input = [&](std::size_t index) {  // of past and step together
      return index < n_past ? past + index * width : in + (seq.begin + index - n_past) * in_stride + channels.begin;
    };
    for (std::size_t row = 0; row < n_rows; ++row) {
      float* sum = out + (seq.begin + row) * out_stride + channels.begin;
      const float* taps = w.taps.values.data() + channels.begin;
      kernels_.mul(input(row), taps, n, sum);
      for (std::size_t i = 1; i <= n_past; ++i) kernels_.multiply_add(input(row + i), taps + i * width, n, sum);
    }
    // Ascending: what is read lies behind what is written.
    for (std::size_t i = 0; i < n_past; ++i) std::memmove(past + i * width, input(n_rows + i), n * sizeof(float));
  }
}

}  // namespace quern::engine
