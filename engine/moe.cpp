// The mixture-of-experts block: each row goes to the n_experts_used experts that its router prefers.
// All experts of a stage are computed in one parallel region: a slot is one (row, rank) pair, slots are ordered by
// expert, and every worker computes its share of each expert's rows. Source: arXiv 2401.04088 (softmax over all
// experts, the best k renormalized).
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::engine {

namespace {

// Softmax in place, in double: n_experts values.
void softmax(float* x, std::size_t n) noexcept {
  const float top = *std::max_element(x, x + n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[i] - top));
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(std::exp(static_cast<double>(x[i] - top)) / sum);
}

}  // namespace

// Fills chosen_ and chosen_weight_ by rank, and orders the slots by expert.
void ForwardPass::route(const LayerWeights& w) noexcept {
  const std::uint32_t n_used = params_.n_experts_used, n_experts = params_.n_experts, n_rows = rows_.n_rows();
  const Inputs in = inputs_for({&w.router}, n_rows, rows_.n_decode_rows());
  convert_rows(a_.normed, in);
  pool_.run([&](std::uint32_t worker) { multiply(w.router, in.input[0], worker, a_.router, n_experts); });
  std::fill(expert_begin_.begin(), expert_begin_.end(), 0u);
  for (std::uint32_t row = 0; row < n_rows; ++row) {
    float* probability = a_.router + std::size_t{row} * n_experts;
    softmax(probability, n_experts);
    float sum = 0;
    for (std::uint32_t rank = 0; rank < n_used; ++rank) {
      // NaN never compares greater, so a broken row still picks valid experts (the lowest ids).
      std::uint32_t best = 0;
      for (std::uint32_t e = 1; e < n_experts; ++e) best = probability[e] > probability[best] ? e : best;
      chosen_[row * n_used + rank] = best;
      chosen_weight_[row * n_used + rank] = probability[best];
      sum += probability[best];
      probability[best] = -1.0f;
      ++expert_begin_[best + 1];
    }
    for (std::uint32_t rank = 0; rank < n_used; ++rank) chosen_weight_[row * n_used + rank] /= sum;
  }
  for (std::uint32_t e = 0; e < n_experts; ++e) expert_begin_[e + 1] += expert_begin_[e];
  // Counting sort by expert; within an expert, rows ascend, so decode rows come first.
  for (std::uint32_t i = 0; i < n_rows * n_used; ++i) {
    const std::uint32_t slot = expert_begin_[chosen_[i]]++;
    slots_[slot] = {.row = i / n_used, .weight = chosen_weight_[i]};
    slot_of_[i] = slot;
  }
  for (std::uint32_t e = n_experts; e > 0; --e) expert_begin_[e] = expert_begin_[e - 1];
  expert_begin_[0] = 0;
}

// The prepared rows of one expert's slots; their place in the form buffer is that of the slots.
Input ForwardPass::expert_input(const Matrix& matrix, std::uint32_t expert, std::size_t form) const noexcept {
  const std::uint32_t begin = expert_begin_[expert], end = expert_begin_[expert + 1];
  std::uint32_t n_decode = 0;
  while (begin + n_decode < end && slots_[begin + n_decode].row < rows_.n_decode_rows()) ++n_decode;
  return input_for(matrix, kernels_, end - begin, n_decode, a_.form[form] + begin * a_.form_row_bytes);
}

// Converts worker's share of all slots of x[n_slots, n_cols] for the experts' matrices.
void ForwardPass::convert_slots(const std::vector<Matrix>& experts, const float* x, std::size_t form,
                                std::uint32_t worker) const noexcept {
  const kernels::Range mine = kernels::share_of(expert_begin_.back(), 1, worker, pool_.n_workers());
  for (std::uint32_t e = 0; e < params_.n_experts; ++e) {
    const std::size_t begin = std::max<std::size_t>(mine.begin, expert_begin_[e]);
    const std::size_t end = std::min<std::size_t>(mine.end, expert_begin_[e + 1]);
    if (begin >= end) continue;
    const Input input = expert_input(experts[e], e, form);
    convert(input, x + expert_begin_[e] * input.n_cols, {begin - expert_begin_[e], end - expert_begin_[e]});
  }
}

// y[slot] = expert's matrix * slot, for worker's rows of every expert that has slots.
void ForwardPass::multiply_slots(const std::vector<Matrix>& experts, std::size_t form, std::uint32_t worker, float* y,
                                 std::size_t y_stride) const noexcept {
  for (std::uint32_t e = 0; e < params_.n_experts; ++e) {
    if (expert_begin_[e] == expert_begin_[e + 1]) continue;
    multiply(experts[e], expert_input(experts[e], e, form), worker, y + expert_begin_[e] * y_stride, y_stride);
  }
}

void ForwardPass::moe(const LayerWeights& w) noexcept {
  const std::size_t d_model = params_.d_model, d_ff = params_.d_ff;
  const std::uint32_t n_used = params_.n_experts_used;
  norm_and_convert(w.ffn_norm, Inputs{});
  route(w);
  const std::uint32_t n_slots = rows_.n_rows() * n_used;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = kernels::share_of(n_slots, 1, worker, pool_.n_workers());
    for (std::size_t slot = mine.begin; slot < mine.end; ++slot) {
      std::memcpy(a_.gathered + slot * d_model, a_.normed + slots_[slot].row * d_model, d_model * sizeof(float));
    }
    convert_slots(w.expert_gate, a_.gathered, 0, worker);
    convert_slots(w.expert_up, a_.gathered, 1, worker);
  });
  pool_.run([&](std::uint32_t worker) {
    multiply_slots(w.expert_gate, 0, worker, a_.gate, d_ff);
    multiply_slots(w.expert_up, 1, worker, a_.up, d_ff);
    const kernels::Range mine = w.expert_gate.front().worker_rows[worker];
    for (std::size_t slot = 0; slot < n_slots; ++slot) {
      float* gate = a_.gate + slot * d_ff + mine.begin;
      kernels_.silu_mul(gate, a_.up + slot * d_ff + mine.begin, mine.end - mine.begin, gate);
    }
  });
  pool_.run([&](std::uint32_t worker) { convert_slots(w.expert_down, a_.gate, 0, worker); });
  pool_.run([&](std::uint32_t worker) {
    multiply_slots(w.expert_down, 0, worker, a_.projected, d_model);
    // A row adds its experts in order of rank, whatever else is in the step.
    const kernels::Range mine = w.expert_down.front().worker_rows[worker];
    for (std::size_t i = 0; i < n_slots; ++i) {
      const std::uint32_t slot = slot_of_[i];
      kernels_.add_scaled(a_.projected + slot * d_model + mine.begin, slots_[slot].weight, mine.end - mine.begin,
                          a_.x + slots_[slot].row * d_model + mine.begin);
    }
  });
}

}  // namespace quern::engine
