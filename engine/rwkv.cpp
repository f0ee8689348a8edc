// The two blocks of an RWKV layer. Both read a token's input and the one before it, so the state keeps one row for
// each, then the heads' matrices, [key channel, value channel]. Source: see arch/rwkv.cpp. Tokens of a sequence are
// taken one after the other; work is divided by rows, matrix rows and heads.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::engine {

namespace {

constexpr double kHeadNormEps = 64e-5;
constexpr float kDecayLimit = 0.606531f;  // e^-0.5: how fast a channel of version 7 decays at most

float sigmoid_of(float x) noexcept {
  return 1.0f / (1.0f + std::exp(-x));
}

}  // namespace

// mixed[row] = normed + (previous - normed) * lerp, where `previous` is the row before, of this step or of the state.
// delta[row] = previous - normed. Stores the last row of each sequence as `slot` of the state.
void ForwardPass::shift_rows(const LayerParams& layer, std::size_t slot, float* delta) noexcept {
  const std::size_t d = params_.d_model;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = kernels::share_of(d, 16, worker, pool_.n_workers());
    const std::size_t n = mine.end - mine.begin;
    for (const SeqRows& seq : rows_.seqs()) {
      if (n == 0) break;
      float* kept = state_of(seq, layer) + slot * d + mine.begin;
      if (seq.first_position == 0) std::fill_n(kept, n, 0.0f);
      for (std::size_t row = seq.begin; row < seq.end; ++row) {
        const float* x = a_.normed + row * d + mine.begin;
        const float* before = row == seq.begin ? kept : x - d;
        float* out = delta + row * d + mine.begin;
        for (std::size_t i = 0; i < n; ++i) out[i] = before[i] - x[i];
      }
      std::memcpy(kept, a_.normed + (seq.end - 1) * d + mine.begin, n * sizeof(float));
    }
  });
}

// out[row] = normed + delta * (lerp + extra[row]). extra: nullptr or [rows, d_model].
void ForwardPass::lerp_rows(const float* lerp, const float* extra, float* out) noexcept {
  const std::size_t d = params_.d_model;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const float* x = a_.normed + row * d;
      const float* delta = a_.rwkv_delta + row * d;
      float* to = out + row * d;
      for (std::size_t i = 0; i < d; ++i)
        to[i] = x[i] + delta[i] * (extra != nullptr ? lerp[i] + extra[row * d + i] : lerp[i]);
    }
  });
}

// y[rows, n] = linear x.
void ForwardPass::product(const Linear& linear, const float* x, float* y) noexcept {
  const Inputs in = inputs_for({&linear});
  convert_rows(x, in);
  pool_.run([&](std::uint32_t worker) { apply(linear, in.input[0], worker, y, linear.matrix.n_rows); });
}

template <class Function>
void ForwardPass::for_each_value(float* values, std::size_t width, Function f) noexcept {
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      for (std::size_t i = 0; i < width; ++i) f(values[row * width + i], i);
    }
  });
}

void ForwardPass::rwkv(const LayerWeights& w, const LayerParams& layer, std::uint32_t index) noexcept {
  norm_and_convert(w.attn_norm, Inputs{});
  shift_rows(layer, 0, a_.rwkv_delta);
  if (layer.mixer == Mixer::rwkv6) {
    mix_rwkv6(w);
  } else {
    mix_rwkv7(w, index);
  }
  const std::uint32_t n_heads = params_.d_model / params_.rwkv.d_head;
  for_each_item(static_cast<std::uint32_t>(rows_.seqs().size()) * n_heads,
                [&](std::uint32_t i) { rwkv_head(w, layer, rows_.seqs()[i / n_heads], i % n_heads); });
  project_and_add(w.attn_out, a_.attended, Norm{});
  mix_channels(w, layer);
  if (params_.rwkv.rescale_every > 0 && (index + 1) % params_.rwkv.rescale_every == 0) scale_stream(0.5f);
}

// Mixtures whose amounts come from a first, fixed one.
void ForwardPass::mix_rwkv6(const LayerWeights& w) noexcept {
  const std::size_t d = params_.d_model, rank = params_.rwkv.mix_rank;
  lerp_rows(w.lerp_x.data(), nullptr, a_.rwkv_mixed);
  product(w.mix_down, a_.rwkv_mixed, a_.rwkv_low);
  for_each_value(a_.rwkv_low, 5 * rank, [](float& x, std::size_t) { x = std::tanh(x); });
  const Vector* const lerps[] = {&w.lerp_w, &w.lerp_k, &w.lerp_v, &w.lerp_r, &w.lerp_g};
  const auto mix = [&](std::size_t part) {
    pool_.run([&](std::uint32_t worker) {
      const kernels::Range mine = my_rows(worker);
      for (std::size_t row = mine.begin; row < mine.end; ++row)
        std::memcpy(a_.rwkv_part + row * rank, a_.rwkv_low + (5 * row + part) * rank, rank * sizeof(float));
    });
    product(w.mix_up[part], a_.rwkv_part, a_.rwkv_extra);
    const float* lerp = w.lerps.empty() ? lerps[part]->data() : w.lerps.data() + part * d;
    lerp_rows(lerp, a_.rwkv_extra, a_.rwkv_mixed);
  };
  mix(0);
  product(w.decay_down, a_.rwkv_mixed, a_.rwkv_part);
  for_each_value(a_.rwkv_part, params_.rwkv.decay_rank, [](float& x, std::size_t) { x = std::tanh(x); });
  product(w.decay_up, a_.rwkv_part, a_.rwkv_w);
  for_each_value(a_.rwkv_w, d, [&](float& x, std::size_t i) { x = std::exp(-std::exp(x + w.decay_bias[i])); });
  mix(1);
  product(w.attn_k, a_.rwkv_mixed, a_.rwkv_k);
  mix(2);
  product(w.attn_v, a_.rwkv_mixed, a_.rwkv_v);
  mix(3);
  product(w.attn_q, a_.rwkv_mixed, a_.rwkv_r);
  mix(4);
  product(w.attn_gate, a_.rwkv_mixed, a_.rwkv_g);
  for_each_value(a_.rwkv_g, d, [](float& x, std::size_t) { x *= sigmoid_of(x); });
}

// Low-rank paths give decays, rates, gates, and how much of the first layer's values is taken.
void ForwardPass::mix_rwkv7(const LayerWeights& w, std::uint32_t index) noexcept {
  const std::size_t d = params_.d_model;
  const RwkvParams& p = params_.rwkv;
  const auto mix = [&](std::size_t part) { lerp_rows(w.lerps.data() + part * d, nullptr, a_.rwkv_mixed); };
  mix(0);
  product(w.attn_q, a_.rwkv_mixed, a_.rwkv_r);
  mix(1);
  product(w.decay_down, a_.rwkv_mixed, a_.rwkv_part);
  for_each_value(a_.rwkv_part, p.decay_rank, [](float& x, std::size_t) { x = std::tanh(x); });
  product(w.decay_up, a_.rwkv_part, a_.rwkv_w);
  for_each_value(a_.rwkv_w, d,
                 [&](float& x, std::size_t i) { x = std::exp(-kDecayLimit * sigmoid_of(x + w.decay_bias[i])); });
  mix(2);
  product(w.attn_k, a_.rwkv_mixed, a_.rwkv_k);
  mix(3);
  product(w.attn_v, a_.rwkv_mixed, a_.rwkv_v);
  if (index == 0) {
    std::copy_n(a_.rwkv_v, rows_.n_rows() * d, a_.rwkv_first);
  } else {
    product(w.value_down, a_.rwkv_mixed, a_.rwkv_part);
    product(w.value_up, a_.rwkv_part, a_.rwkv_extra);
    for (std::size_t i = 0; i < rows_.n_rows() * d; ++i)
      a_.rwkv_v[i] += (a_.rwkv_first[i] - a_.rwkv_v[i]) * sigmoid_of(a_.rwkv_extra[i] + w.value_bias[i % d]);
  }
  mix(4);
  product(w.rate_down, a_.rwkv_mixed, a_.rwkv_part);
  product(w.rate_up, a_.rwkv_part, a_.rwkv_extra);
  for_each_value(a_.rwkv_extra, d, [&](float& x, std::size_t i) { x = sigmoid_of(x + w.rate_bias[i]); });
  mix(5);
  product(w.gate_down, a_.rwkv_mixed, a_.rwkv_part);
  for_each_value(a_.rwkv_part, p.gate_rank, [](float& x, std::size_t) { x = sigmoid_of(x); });
  product(w.gate_up, a_.rwkv_part, a_.rwkv_g);
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) prepare_rwkv7_row(w, row);
  });
}

// rwkv_mixed = the unit key, as it is removed; rwkv_extra: rate -> unit key * rate, as it is written. k grows with
// rate.
void ForwardPass::prepare_rwkv7_row(const LayerWeights& w, std::size_t row) noexcept {
  const std::size_t d = params_.d_model, n = params_.rwkv.d_head;
  float* k = a_.rwkv_k + row * d;
  float* unit = a_.rwkv_mixed + row * d;
  float* rate = a_.rwkv_extra + row * d;
  for (std::size_t first = 0; first < d; first += n) {
    double sum = 0;
    for (std::size_t i = first; i < first + n; ++i) {
      unit[i] = k[i] * w.key_scale[i];
      sum += static_cast<double>(unit[i]) * static_cast<double>(unit[i]);
    }
    const auto factor = static_cast<float>(1.0 / std::max(std::sqrt(sum), 1e-12));
    for (std::size_t i = first; i < first + n; ++i) {
      k[i] *= 1.0f + (rate[i] - 1.0f) * w.key_rate[i];
      rate[i] *= unit[i] * factor;
      unit[i] *= -factor;
    }
  }
}

// One head of one sequence, token by token.
void ForwardPass::rwkv_head(const LayerWeights& w, const LayerParams& layer, const SeqRows& seq,
                            std::uint32_t head) noexcept {
  const std::size_t d = params_.d_model, n = params_.rwkv.d_head, first = head * n;
  float* state = memory_of(seq, layer) + head * n * n;
  if (seq.first_position == 0) std::fill_n(state, n * n, 0.0f);
  std::array<float, kMaxState> removed;
  for (std::size_t row = seq.begin; row < seq.end; ++row) {
    const std::size_t at = row * d + first;
    const float *r = a_.rwkv_r + at, *decay = a_.rwkv_w + at, *k = a_.rwkv_k + at, *v = a_.rwkv_v + at;
    float* out = a_.attended + at;
    std::fill_n(out, n, 0.0f);
    double bonus = 0;  // of this token's own value
    for (std::size_t i = 0; i < n; ++i)
      bonus += static_cast<double>(r[i]) * static_cast<double>(w.first_bonus[first + i]) * static_cast<double>(k[i]);
    if (layer.mixer == Mixer::rwkv6) {
      for (std::size_t i = 0; i < n; ++i) {
        float* s = state + i * n;
        kernels_.add_scaled(s, r[i], n, out);
        for (std::size_t j = 0; j < n; ++j) s[j] *= decay[i];
        kernels_.add_scaled(v, k[i], n, s);
      }
    } else {
      const float *unit = a_.rwkv_mixed + at, *written = a_.rwkv_extra + at;
      std::fill_n(removed.data(), n, 0.0f);
      for (std::size_t i = 0; i < n; ++i) kernels_.add_scaled(state + i * n, unit[i], n, removed.data());
      for (std::size_t i = 0; i < n; ++i) {
        float* s = state + i * n;
        for (std::size_t j = 0; j < n; ++j) s[j] *= decay[i];
        kernels_.add_scaled(removed.data(), written[i], n, s);
        kernels_.add_scaled(v, k[i], n, s);
        kernels_.add_scaled(s, r[i], n, out);
      }
    }
    // In version 6 the bonus is part of what is normalized; in version 7 it follows.
    if (layer.mixer == Mixer::rwkv6) kernels_.add_scaled(v, static_cast<float>(bonus), n, out);
    const float* shift = w.delta_norm.bias.empty() ? nullptr : w.delta_norm.bias.data() + first;
    kernels_.layer_norm(out, w.delta_norm.weight.data() + first, shift, static_cast<float>(kHeadNormEps), n, out);
    if (layer.mixer == Mixer::rwkv7) kernels_.add_scaled(v, static_cast<float>(bonus), n, out);
    kernels_.mul(out, a_.rwkv_g + at, n, out);
  }
}

// x += sigmoid(receptance) * value relu(key mixed)^2, in version 7 without the receptance.
void ForwardPass::mix_channels(const LayerWeights& w, const LayerParams& layer) noexcept {
  const std::size_t d = params_.d_model;
  norm_and_convert(w.ffn_norm, Inputs{});
  shift_rows(layer, 1, a_.rwkv_delta);
  lerp_rows(w.channel_lerp_k.data(), nullptr, a_.rwkv_mixed);
  product(w.ffn_up, a_.rwkv_mixed, a_.up);
  for_each_value(a_.up, w.ffn_up.matrix.n_rows, [](float& x, std::size_t) { x = x < 0.0f ? 0.0f : x * x; });
  if (!w.ffn_gate) return project_and_add(w.ffn_down, a_.up, Norm{});
  lerp_rows(w.channel_lerp_r.data(), nullptr, a_.rwkv_mixed);
  product(w.ffn_gate, a_.rwkv_mixed, a_.rwkv_r);
  product(w.ffn_down, a_.up, a_.rwkv_v);
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* answer = a_.rwkv_v + row * d;
      kernels_.sigmoid_mul(a_.rwkv_r + row * d, answer, d, answer);
      kernels_.add(a_.x + row * d, answer, d, a_.x + row * d);
    }
  });
}

}  // namespace quern::engine
