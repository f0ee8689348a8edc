// The mixture-of-experts block: each row goes to the experts that its router prefers, and to the one of every token
// where there is one. All experts of a stage are computed in one parallel region, as if the rows of their matrices lay
// one behind the other.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::engine {

namespace {

// Values that an expert reads and answers with.
std::size_t expert_width(const HyperParams& p) noexcept {
  return p.moe.d_latent != 0 ? p.moe.d_latent : p.d_model;
}

}  // namespace

// The prepared rows of one expert's slots; their place in the form buffer is that of the slots.
Input ForwardPass::expert_input(const Matrix& matrix, std::uint32_t expert, std::size_t form) const noexcept {
  const std::uint32_t begin = router_.begin(expert), end = router_.begin(expert + 1);
  std::uint32_t n_decode = 0;
  while (begin + n_decode < end && router_.slot(begin + n_decode).row < rows_.n_decode_rows()) ++n_decode;
  return input_for(matrix, kernels_, end - begin, n_decode,
                   a_.form[form] + begin * prepared_row_bytes(matrix, kernels_));
}

void ForwardPass::gather_slots(const float* in, std::uint32_t worker) noexcept {
  const std::size_t width = expert_width(params_);
  const kernels::Range mine = kernels::share_of(router_.n_slots(), 1, worker, pool_.n_workers());
  for (std::size_t i = mine.begin; i < mine.end; ++i) {
    float* to = a_.gathered + i * width;
    std::memcpy(to, in + router_.slot(i).row * width, width * sizeof(float));
    if (!params_.moe.weight_inputs) continue;
    for (std::size_t j = 0; j < width; ++j) to[j] *= router_.slot(i).weight;
  }
}

// Converts worker's share of all slots of x[n_slots, n_cols] for the experts' matrices.
void ForwardPass::convert_slots(const std::vector<Linear>& experts, const float* x, std::size_t form,
                                std::uint32_t worker) const noexcept {
  const kernels::Range mine = kernels::share_of(router_.n_slots(), 1, worker, pool_.n_workers());
  for (std::uint32_t e = 0; e < params_.moe.n_experts; ++e) {
    const std::size_t first = router_.begin(e);
    const std::size_t begin = std::max<std::size_t>(mine.begin, first);
    const std::size_t end = std::min<std::size_t>(mine.end, router_.begin(e + 1));
    if (begin >= end) continue;
    const Input input = expert_input(experts[e].matrix, e, form);
    convert(input, x + first * input.n_cols, {begin - first, end - first});
  }
}

void ForwardPass::multiply_slots(const Linear& matrix, std::uint32_t expert, std::size_t form, std::uint32_t owner,
                                 kernels::Range rows, float* y, std::size_t y_stride) const noexcept {
  const Input input = expert_input(matrix.matrix, expert, form);
  apply_rows(matrix, input, owner, rows, y + router_.begin(expert) * y_stride, y_stride);
}

template <class Body>
void ForwardPass::deal_expert_rows(const std::vector<Linear>& experts, std::uint32_t worker, Body body) noexcept {
  const std::span<const std::uint32_t> visited = router_.visited();
  if (visited.empty()) return;
  const Matrix& like = experts.front().matrix;
  const Input input = expert_input(experts[visited.front()].matrix, visited.front(), 0);
  deal_rows(like, visited.size(), input, worker,
            [&](std::uint32_t owner, std::size_t i, kernels::Range rows) { body(visited[i], owner, rows); });
}

// The logits of the router, and of the gate before the expert of every token.
void ForwardPass::score_experts(const LayerWeights& w, const Norm& norm) noexcept {
  const Inputs inputs = inputs_for({&w.router, &w.shared_router});
  norm_and_convert(norm, inputs);
  pool_.run([&](std::uint32_t worker) {
    apply(w.router, inputs.input[0], worker, a_.router, params_.moe.n_experts, [this](kernels::Range mine) {
      if (params_.moe.router_scale == 1.0f) return;
      for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
        float* logits = a_.router + row * params_.moe.n_experts;
        for (std::size_t e = mine.begin; e < mine.end; ++e) logits[e] *= params_.moe.router_scale;
      }
    });
    if (w.shared_router) apply(w.shared_router, inputs.input[1], worker, a_.shared_gate, 1);
  });
}

// Scores experts, unless that is done, and gives what they read: [rows, expert_width].
const float* ForwardPass::expert_inputs(const LayerWeights& w) noexcept {
  const Norm& norm = w.expert_norm ? w.expert_norm : w.ffn_norm;
  const bool scored_alike = !arch_.router_first && !w.router_norm;
  if (!arch_.router_first) score_experts(w, w.router_norm ? w.router_norm : norm);
  if (!scored_alike) norm_and_convert(norm, Inputs{});
  const float* const in = norm ? a_.normed : a_.x;  // x stays as it is until the answers are added
  if (!w.latent_down) return in;
  const Inputs inputs = inputs_for({&w.latent_down});
  convert_rows(in, inputs);
  pool_.run([&](std::uint32_t worker) {
    apply(w.latent_down, inputs.input[0], worker, a_.expert_in, w.latent_down.matrix.n_rows);
  });
  return a_.expert_in;
}

void ForwardPass::moe(const LayerWeights& w, const LayerParams& layer, const Sum& sum) noexcept {
  const float* const in = expert_inputs(w);
  router_.route(a_.router, rows_.n_rows(), w.choice_bias);
  if (w.latent_up) {
    std::fill_n(a_.expert_sum, rows_.n_rows() * expert_width(params_), 0.0f);
    sum_experts(w, layer, in, {a_.expert_sum, 1.0f});
    project_and_add(w.latent_up, a_.expert_sum, Norm{}, nullptr, sum);
  } else {
    sum_experts(w, layer, in, sum);
  }
  if (w.shared_up) shared_expert(w, layer, sum);
}

// sum += the weighted answers of each row's experts.
void ForwardPass::sum_experts(const LayerWeights& w, const LayerParams& layer, const float* in,
                              const Sum& sum) noexcept {
  const std::size_t width = expert_width(params_), d_ff = params_.moe.d_ff;
  const bool gated = !w.expert_gate.empty();
  pool_.run([&](std::uint32_t worker) {
    gather_slots(in, worker);
    if (gated) convert_slots(w.expert_gate, a_.gathered, 0, worker);
    convert_slots(w.expert_up, a_.gathered, 1, worker);
  });
  pool_.run([&](std::uint32_t worker) {
    deal_expert_rows(w.expert_up, worker, [&](std::uint32_t e, std::uint32_t owner, kernels::Range rows) {
      if (gated) multiply_slots(w.expert_gate[e], e, 0, owner, rows, a_.gate, d_ff);
      multiply_slots(w.expert_up[e], e, 1, owner, rows, a_.up, d_ff);
      for (std::size_t i = router_.begin(e); i < router_.begin(e + 1); ++i) {
        const std::size_t begin = i * d_ff + rows.begin;
        activate(layer, a_.gate + begin, a_.up + begin, rows.end - rows.begin, gated);
      }
    });
  });
  pool_.run([&](std::uint32_t worker) { convert_slots(w.expert_down, a_.up, 0, worker); });
  pool_.run([&](std::uint32_t worker) {
    deal_expert_rows(w.expert_down, worker, [&](std::uint32_t e, std::uint32_t owner, kernels::Range rows) {
      multiply_slots(w.expert_down[e], e, 0, owner, rows, a_.projected, width);
    });
    pool_.barrier(worker);
    // A row adds its experts in order of rank, whatever else is in the step.
    const kernels::Range mine = kernels::share_of(width, 16, worker, pool_.n_workers());
    for (std::size_t i = 0; i < router_.n_slots(); ++i) {
      const std::uint32_t slot = router_.slot_of(i);
      const float weight = params_.moe.weight_inputs ? 1.0f : router_.slot(slot).weight;
      kernels_.add_scaled(a_.projected + slot * width + mine.begin, sum.scale * weight, mine.end - mine.begin,
                          sum.to + router_.slot(slot).row * width + mine.begin);
    }
  });
}

void ForwardPass::shared_expert(const LayerWeights& w, const LayerParams& layer, const Sum& sum) noexcept {
  if (w.shared_router) {
    for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
      a_.shared_gate[row] = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(a_.shared_gate[row]))));
    }
  }
  const Norm none;
  dense({w.shared_gate, w.shared_up, w.shared_down, none, none}, layer, a_.normed,
        w.shared_router ? a_.shared_gate : nullptr, sum);
}

}  // namespace quern::engine
