// What Gemma 3n and 4 carry beside the residual stream: an embedding of each token for each layer, and, in Gemma 3n,
// further copies of the stream (AltUp) with a low-rank path beside attention (LAuReL). The layer's blocks work on
// a_.x, which is then the active copy as predicted. Source: see arch/gemma4.cpp.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quern::engine {

namespace {

double length_of(const float* x, std::size_t n) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return std::sqrt(sum);
}

// x *= length / |x|
void scale_to(float* x, std::size_t n, double length) noexcept {
  const double found = length_of(x, n);
  const auto factor = static_cast<float>(found > 0 ? length / found : 0.0);
  for (std::size_t i = 0; i < n; ++i) x[i] *= factor;
}

}  // namespace

// per_layer = (norm(projection of x / sqrt(d_model)) + sqrt(width) * embedding) / sqrt(2)
void ForwardPass::embed_per_layer(const StepPlan& plan) noexcept {
  const ModelWeights& w = model_.weights();
  const std::size_t d = params_.per_layer.width, all = d * params_.n_layers();
  const Inputs in = inputs_for({&w.per_layer_proj});
  convert_rows(a_.x, in);
  pool_.run([&](std::uint32_t worker) { apply(w.per_layer_proj, in.input[0], worker, a_.per_layer, all); });
  const float scale = 1.0f / std::sqrt(static_cast<float>(params_.d_model));
  const float embedding_scale = std::sqrt(static_cast<float>(d)), half = std::numbers::sqrt2_v<float> / 2;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* values = a_.per_layer + row * all;
      float* embedding = a_.per_layer_rows + row * all;
      for (std::size_t i = 0; i < all; ++i) values[i] *= scale;
      for (std::size_t i = 0; i < all; i += d) normalize(w.per_layer_norm, values + i, d, values + i);
      const Matrix& table = w.per_layer_embd;
      const auto token = static_cast<std::size_t>(plan.token[row]);
      table.format->dequantize(table.file_base + token * table.row_bytes, all, embedding);
      for (std::size_t i = 0; i < all; ++i) values[i] = (values[i] + embedding[i] * embedding_scale) * half;
    }
  });
}

// What the token's embedding for this layer adds: to the stream, or, of several, to those that are not active.
void ForwardPass::add_per_layer(const LayerWeights& w, std::uint32_t index) noexcept {
  const std::size_t d = params_.per_layer.width, all = d * params_.n_layers(), d_model = params_.d_model;
  const bool several = params_.per_layer.n_streams > 1;
  const Inputs in = inputs_for({&w.per_layer_gate});
  if (several) {
    pool_.run([&](std::uint32_t worker) {
      const kernels::Range mine = my_rows(worker);
      for (std::size_t row = mine.begin; row < mine.end; ++row) {
        const std::size_t at = row * d_model;
        kernels_.mul(a_.streams[0] + at, w.streams_scale.data(), d_model, a_.normed + at);
        std::fill_n(a_.x + at, d_model, 0.0f);
      }
      convert_mine(a_.normed, in, mine);
    });
  } else {
    convert_rows(a_.x, in);
  }
  pool_.run([&](std::uint32_t worker) {
    apply(w.per_layer_gate, in.input[0], worker, a_.per_layer_gate, d, [&](kernels::Range mine) {
      for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
        float* gate = a_.per_layer_gate + row * d + mine.begin;
        kernels_.gelu_mul(gate, a_.per_layer + row * all + index * d + mine.begin, mine.end - mine.begin, gate);
      }
    });
  });
  project_and_add(w.per_layer_out, a_.per_layer_gate, w.per_layer_norm, nullptr, {a_.x, 1.0f});
  if (!several) return;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      for (std::size_t s = 1; s < Activations::kStreams; ++s) {
        float* stream = a_.streams[s] + row * d_model;
        kernels_.add(stream, a_.x + row * d_model, d_model, stream);
      }
    }
  });
}

void ForwardPass::scale_stream(float scale) noexcept {
  for (std::size_t i = 0; i < rows_.n_rows() * std::size_t{params_.d_model}; ++i) a_.x[i] *= scale;
}

// The first copy is x; the others are projections of it, as long as it is.
void ForwardPass::part_streams() noexcept {
  const std::size_t d_model = params_.d_model;
  const std::vector<Linear>& projections = model_.weights().streams_in;
  const Inputs in = inputs_for({&projections[0], &projections[1], &projections[2]});
  convert_rows(a_.x, in);
  pool_.run([&](std::uint32_t worker) {
    for (std::size_t s = 1; s < Activations::kStreams; ++s)
      apply(projections[s - 1], in.input[s - 1], worker, a_.streams[s], d_model);
  });
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const float* x = a_.x + row * d_model;
      std::copy_n(x, d_model, a_.streams[0] + row * d_model);
      const double length = length_of(x, d_model);
      for (std::size_t s = 1; s < Activations::kStreams; ++s) scale_to(a_.streams[s] + row * d_model, d_model, length);
    }
  });
}

// stream_mix = coefficients * tanh(router(norm(from) / d_model)) of each row.
void ForwardPass::find_stream_mix(const LayerWeights& w, const Linear& coefficients, const float* from) noexcept {
  const std::size_t d_model = params_.d_model, n = Activations::kStreams;
  const float scale = 1.0f / static_cast<float>(d_model);
  const Inputs in = inputs_for({&w.streams_router});
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* normed = a_.normed + row * d_model;
      normalize(w.streams_norm, from + row * d_model, d_model, normed);
      for (std::size_t i = 0; i < d_model; ++i) normed[i] *= scale;
    }
    convert_mine(a_.normed, in, mine);
  });
  pool_.run([&](std::uint32_t worker) { apply(w.streams_router, in.input[0], worker, a_.stream_modes, n); });
  const Inputs modes = inputs_for({&coefficients});
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t i = mine.begin * n; i < mine.end * n; ++i) a_.stream_modes[i] = std::tanh(a_.stream_modes[i]);
    convert_mine(a_.stream_modes, modes, mine);
  });
  pool_.run([&](std::uint32_t worker) {
    apply(coefficients, modes.input[0], worker, a_.stream_mix, coefficients.matrix.n_rows);
  });
}

// Each copy as a mixture of all; x is the active one.
void ForwardPass::predict_streams(const LayerWeights& w) noexcept {
  const std::size_t d_model = params_.d_model;
  constexpr std::size_t n = Activations::kStreams;
  find_stream_mix(w, w.streams_predict, a_.streams[0]);
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const float* mix = a_.stream_mix + row * n * n;
      for (std::size_t c = 0; c < d_model; ++c) {
        const std::size_t at = row * d_model + c;
        std::array<float, n> old;
        for (std::size_t j = 0; j < n; ++j) old[j] = a_.streams[j][at];
        for (std::size_t i = 0; i < n; ++i) {
          float sum = old[i];
          for (std::size_t j = 0; j < n; ++j) sum += mix[n * i + j] * old[j];
          a_.streams[i][at] = sum;
        }
        a_.x[at] = a_.streams[0][at];
      }
    }
  });
}

// x = (x + h + norm(up down h)) / sqrt(2), h being what attention has read.
void ForwardPass::add_laurel(const LayerWeights& w) noexcept {
  const std::size_t d_model = params_.d_model;
  const Inputs in = inputs_for({&w.laurel_down});
  convert_rows(a_.normed, in);
  pool_.run(
      [&](std::uint32_t worker) { apply(w.laurel_down, in.input[0], worker, a_.laurel, w.laurel_down.matrix.n_rows); });
  project_and_add(w.laurel_up, a_.laurel, w.laurel_norm, nullptr, {a_.x, 1.0f});
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t i = mine.begin * d_model; i < mine.end * d_model; ++i)
      a_.x[i] = (a_.x[i] + a_.normed[i]) * (std::numbers::sqrt2_v<float> / 2);
  });
}

// What the layer has changed of the active copy, to all, each as much as its coefficient says.
void ForwardPass::correct_streams(const LayerWeights& w) noexcept {
  const std::size_t d_model = params_.d_model;
  constexpr std::size_t n = Activations::kStreams;
  find_stream_mix(w, w.streams_correct, a_.x);
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const float* mix = a_.stream_mix + row * n;
      for (std::size_t c = 0; c < d_model; ++c) {
        const std::size_t at = row * d_model + c;
        const float change = a_.x[at] - a_.streams[0][at];
        for (std::size_t i = 0; i < n; ++i) a_.streams[i][at] += (mix[i] + 1.0f) * change;
      }
    }
  });
}

// x = the mean of all copies, the others projected and as long as the active one.
void ForwardPass::join_streams() noexcept {
  const std::size_t d_model = params_.d_model;
  const std::vector<Linear>& projections = model_.weights().streams_out;
  for (std::size_t s = 1; s < Activations::kStreams; ++s) {
    const Inputs in = inputs_for({&projections[s - 1]});
    convert_rows(a_.streams[s], in);
    pool_.run([&](std::uint32_t worker) { apply(projections[s - 1], in.input[0], worker, a_.streams[s], d_model); });
  }
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const std::size_t at = row * d_model;
      const double length = length_of(a_.streams[0] + at, d_model);
      std::copy_n(a_.streams[0] + at, d_model, a_.x + at);
      for (std::size_t s = 1; s < Activations::kStreams; ++s) {
        scale_to(a_.streams[s] + at, d_model, length);
        kernels_.add(a_.x + at, a_.streams[s] + at, d_model, a_.x + at);
      }
      for (std::size_t c = 0; c < d_model; ++c) a_.x[at + c] /= static_cast<float>(Activations::kStreams);
    }
  });
}

}  // namespace quern::engine
