// State spaces: Mamba 1, Mamba 2 and PLaMo 2's. A convolution over the channels, then a memory per channel that decays
// and takes in the channel's value, token by token, as long as its time step says; B says where it is kept, and C what
// is read. The order of tokens is the order of sums, whatever the chunks of a step.
// What differs: in Mamba 1 every channel has its own time step and its own decays, and B, C and time steps come from
// the channels; in Mamba 2 a head of channels shares one of each, and they come from the layer's input; PLaMo 2 has
// heads, but takes the rest from the channels. Source: arXiv 2312.00752 (Mamba), 2405.21060 (Mamba 2).
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::engine {

namespace {

// Channels of one work item where there are no heads.
constexpr std::uint32_t kBlockChannels = 64;

float softplus_of(float x) noexcept {
  return x > 20.0f ? x : std::log1p(std::exp(x));
}

}  // namespace

void ForwardPass::mamba(const LayerWeights& w, const LayerParams& layer, bool beside) noexcept {
  const SsmParams& s = params_.ssm;
  const std::size_t in_width = s.in_width(), conv_width = s.conv_width();
  const Inputs in = inputs_for({&w.ssm_in});
  if (beside) {
    convert_rows(a_.normed, in);
  } else {
    norm_and_convert(w.attn_norm, in);
  }
  pool_.run([&](std::uint32_t worker) { apply(w.ssm_in, in.input[0], worker, a_.mix_in, in_width); });
  if (s.gates_first) {
    pool_.run([&](std::uint32_t worker) {
      const kernels::Range mine = my_rows(worker);
      for (std::size_t row = mine.begin; row < mine.end; ++row) part_gates(row);
    });
  }
  const std::size_t first = s.n_heads > 0 ? s.d_inner : 0;  // of what the convolution sees: see finish_channels()
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = kernels::share_of(conv_width, 16, worker, pool_.n_workers());
    const std::size_t n = mine.end - mine.begin;
    convolve(w, layer, mine, a_.mix_in + first, in_width, a_.convolved, conv_width);
    for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
      float* values = a_.convolved + row * conv_width + mine.begin;
      if (!w.taps_bias.empty()) kernels_.add(values, w.taps_bias.data() + mine.begin, n, values);
      kernels_.silu(values, n, values);
    }
  });
  if (s.projects()) project_steps(w);
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) prepare_steps(w, row);
  });
  const std::uint32_t n_blocks = s.n_heads > 0 ? s.n_heads : (s.d_inner + kBlockChannels - 1) / kBlockChannels;
  for_each_item(static_cast<std::uint32_t>(rows_.seqs().size()) * n_blocks,
                [&](std::uint32_t i) { scan(w, layer, rows_.seqs()[i / n_blocks], i % n_blocks); });
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) finish_channels(w, row);
  });
  project_and_add(w.ssm_out, a_.attended, w.attn_post_norm);
}

// [gate | channels] of each head -> all gates, then all channels.
void ForwardPass::part_gates(std::size_t row) noexcept {
  const SsmParams& s = params_.ssm;
  const std::size_t n = s.d_head();
  float* values = a_.mix_in + row * s.in_width();
  float* channels = a_.convolved + row * s.conv_width();  // not in use yet
  for (std::size_t h = 0; h < s.n_heads; ++h) {
    std::memcpy(channels + h * n, values + (2 * h + 1) * n, n * sizeof(float));
    std::memmove(values + h * n, values + 2 * h * n, n * sizeof(float));  // ascending: never over what is to be read
  }
  std::memcpy(values + s.d_inner, channels, s.d_inner * sizeof(float));
}

// Time steps, B and C from the channels.
void ForwardPass::project_steps(const LayerWeights& w) noexcept {
  const SsmParams& s = params_.ssm;
  const std::size_t rank_at = s.n_heads > 0 ? 2 * s.d_state : 0, b_at = s.n_heads > 0 ? 0 : s.dt_rank;
  const Inputs channels = inputs_for({&w.ssm_x});
  convert_rows(a_.convolved, channels);
  pool_.run([&](std::uint32_t worker) { apply(w.ssm_x, channels.input[0], worker, a_.ssm_x, s.x_width()); });
  const Inputs ranks = inputs_for({&w.ssm_dt});
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    const auto normalize_part = [&](const Norm& norm, float* x, std::size_t n) {
      if (norm) normalize(norm, x, n, x);
      if (s.unit_norms) kernels_.rms_norm(x, ones_.data(), params_.norm_eps, n, x);
    };
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* x = a_.ssm_x + row * s.x_width();
      normalize_part(w.dt_norm, x + rank_at, s.dt_rank);
      normalize_part(w.b_norm, x + b_at, s.d_state);
      normalize_part(w.c_norm, x + b_at + s.d_state, s.d_state);
      std::memcpy(a_.ssm_rank + row * s.dt_rank, x + rank_at, s.dt_rank * sizeof(float));
    }
    convert_mine(a_.ssm_rank, ranks, mine);
  });
  pool_.run([&](std::uint32_t worker) { apply(w.ssm_dt, ranks.input[0], worker, a_.ssm_step, s.n_steps()); });
}

// What the scan reads: time step * channel, and the time steps, or what of the state is left after each.
void ForwardPass::prepare_steps(const LayerWeights& w, std::size_t row) noexcept {
  const SsmParams& s = params_.ssm;
  const float* channels = a_.convolved + row * s.conv_width();
  float* step = a_.ssm_step + row * s.n_steps();
  float* input = a_.ssm_input + row * s.d_inner;
  if (!s.projects()) {
    const float* raw = a_.mix_in + row * s.in_width() + s.d_inner + s.conv_width();
    kernels_.add(raw, w.ssm_dt_bias.data(), s.n_heads, step);
  }
  for (std::size_t i = 0; i < s.n_steps(); ++i) step[i] = softplus_of(step[i]);
  if (s.n_heads == 0) return kernels_.mul(channels, step, s.d_inner, input);
  const std::size_t n = s.d_head();
  for (std::size_t h = 0; h < s.n_heads; ++h) {
    for (std::size_t i = h * n; i < (h + 1) * n; ++i) input[i] = step[h] * channels[i];
    step[h] = std::exp(step[h] * w.ssm_rate[h]);
  }
}

void ForwardPass::scan(const LayerWeights& w, const LayerParams& layer, const SeqRows& seq,
                       std::uint32_t block) noexcept {
  const SsmParams& s = params_.ssm;
  const std::size_t n_of_block = s.n_heads > 0 ? s.d_head() : kBlockChannels;
  const std::size_t first = block * n_of_block, n = std::min<std::size_t>(n_of_block, s.d_inner - first);
  // A head's memory is one piece; without heads a row of the state has all channels.
  const std::size_t stride = s.n_heads > 0 ? n : s.d_inner;
  float* state = memory_of(seq, layer) + (s.n_heads > 0 ? first * s.d_state : first);
  if (seq.first_position == 0) {
    for (std::size_t i = 0; i < s.d_state; ++i) std::fill_n(state + i * stride, n, 0.0f);
  }
  const std::size_t bc_stride = s.projects() ? s.x_width() : s.conv_width();
  const float* b =
      s.projects() ? a_.ssm_x + seq.begin * bc_stride + (s.n_heads > 0 ? 0 : s.dt_rank)
                   : a_.convolved + seq.begin * bc_stride + s.d_inner + block / (s.n_heads / s.n_groups) * s.d_state;
  kernels_.ssm_scan({.state = state,
                     .state_stride = stride,
                     .n_channels = n,
                     .d_state = s.d_state,
                     .n_tokens = seq.end - seq.begin,
                     .input = a_.ssm_input + seq.begin * s.d_inner + first,
                     .b = b,
                     .c = b + (s.projects() ? s.d_state : s.bc_width()),
                     .bc_stride = bc_stride,
                     .step = a_.ssm_step + seq.begin * s.n_steps() + (s.n_heads > 0 ? block : first),
                     .step_stride = s.n_steps(),
                     .rates = s.n_heads > 0 ? nullptr : w.ssm_rates.values.data() + first,
                     .out = a_.attended + seq.begin * s.d_inner + first,
                     .stride = s.d_inner});
}

// Adds what passes by the state, then gates, then normalizes groups of channels.
void ForwardPass::finish_channels(const LayerWeights& w, std::size_t row) noexcept {
  const SsmParams& s = params_.ssm;
  const float* channels = a_.convolved + row * s.conv_width();
  // With heads, gates come first in what ssm_in gives; without, channels do.
  const float* gates = a_.mix_in + row * s.in_width() + (s.n_heads > 0 ? 0 : s.d_inner);
  float* out = a_.attended + row * s.d_inner;
  if (s.n_heads == 0) kernels_.multiply_add(channels, w.ssm_skip.data(), s.d_inner, out);
  const std::size_t n = s.d_head();
  for (std::size_t h = 0; h < s.n_heads; ++h) kernels_.add_scaled(channels + h * n, w.ssm_skip[h], n, out + h * n);
  kernels_.silu_mul(gates, out, s.d_inner, out);
  if (!w.ssm_norm) return;
  const std::size_t n_group = s.d_inner / s.n_groups;
  for (std::size_t at = 0; at < s.d_inner; at += n_group)
    kernels_.rms_norm(out + at, w.ssm_norm.weight.data() + at, params_.norm_eps, n_group, out + at);
}

}  // namespace quern::engine
