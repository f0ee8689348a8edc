#include "engine/forward_pass.hpp"

#include "base/assert.hpp"

#include <cstring>

namespace quern::engine {

ForwardPass::ForwardPass(const Model& model, kv::PageArena& arena, kernels::CorePool& pool,
                         const kernels::KernelTable& kernels, const BackendLimits& limits, Activations activations)
    : model_(model),
      params_(model.params()),
      arena_(arena),
      pool_(pool),
      kernels_(kernels),
      rows_(limits),
      a_(std::move(activations)) {
  if (params_.n_experts == 0) return;
  const std::size_t n_slots = std::size_t{limits.max_tokens_per_step} * params_.n_experts_used;
  slots_.resize(n_slots);
  slot_of_.resize(n_slots);
  chosen_.resize(n_slots);
  chosen_weight_.resize(n_slots);
  expert_begin_.resize(params_.n_experts + 1);
}

void ForwardPass::run(const StepPlan& plan, std::span<float> logits) noexcept {
  QUERN_DCHECK(logits.size() >= std::size_t{plan.n_logits()} * params_.n_vocab);
  if (plan.n_tokens() == 0) return;
  rows_.begin(plan);
  embed(plan);
  for (std::uint32_t layer = 0; layer < params_.n_layers; ++layer) {
    if (rows_.any_cancelled() && rows_.select_live()) drop_rows();
    if (rows_.n_rows() == 0) return;
    const LayerWeights& w = model_.weights().layers[layer];
    attention(w, layer);
    if (layer + 1 == params_.n_layers && rows_.select_logits()) drop_rows();
    if (rows_.n_rows() == 0) return;
    if (params_.n_experts > 0) {
      moe(w);
    } else {
      ffn(w);
    }
  }
  output(logits);
}

kernels::Range ForwardPass::my_rows(std::uint32_t worker) const noexcept {
  return kernels::share_of(rows_.n_rows(), 1, worker, pool_.n_workers());
}

// x = embedding of each token; cos_sin = rotation of each position.
void ForwardPass::embed(const StepPlan& plan) noexcept {
  const Matrix& table = model_.weights().token_embd;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const auto token = static_cast<std::size_t>(plan.token[row]);
      QUERN_DCHECK(token < table.n_rows);
      table.format->dequantize(table.file_base + token * table.row_bytes, params_.d_model,
                               a_.x + row * params_.d_model);
      model_.rope().fill(rows_.positions()[row], a_.cos_sin + row * params_.rope.n_rot);
    }
  });
}

// Moves what outlives a stage (residual stream, rotations) to the rows that stay. Kept rows ascend, so no row is
// overwritten before it has moved.
void ForwardPass::drop_rows() noexcept {
  const std::size_t d_model = params_.d_model, n_rot = params_.rope.n_rot;
  std::size_t to = 0;
  for (const std::uint32_t from : rows_.kept()) {
    if (from != to) {
      std::memcpy(a_.x + to * d_model, a_.x + from * d_model, d_model * sizeof(float));
      std::memcpy(a_.cos_sin + to * n_rot, a_.cos_sin + from * n_rot, n_rot * sizeof(float));
    }
    ++to;
  }
  rows_.compact();
}

// logits = output * norm(x). Only rows that need logits are left here, in the order of the plan.
void ForwardPass::output(std::span<float> logits) noexcept {
  const ModelWeights& w = model_.weights();
  const std::size_t n_vocab = params_.n_vocab;
  const Inputs in = inputs_for({&w.output}, rows_.n_rows(), rows_.n_decode_rows());
  norm_and_convert(w.output_norm, in);
  pool_.run([&](std::uint32_t worker) { multiply(w.output, in.input[0], worker, logits.data(), n_vocab); });
  // Rows dropped inside the step leave gaps: spread from the back, each row to its own slot.
  for (std::size_t row = rows_.n_rows(); row-- > 0;) {
    const std::size_t slot = rows_.logits_slots()[row];
    if (slot != row)
      std::memcpy(logits.data() + slot * n_vocab, logits.data() + row * n_vocab, n_vocab * sizeof(float));
  }
}

ForwardPass::Inputs ForwardPass::inputs_for(std::initializer_list<const Matrix*> matrices, std::uint32_t n_rows,
                                            std::uint32_t n_decode_rows) noexcept {
  Inputs out;
  for (const Matrix* matrix : matrices) {
    Input input = input_for(*matrix, kernels_, n_rows, n_decode_rows, a_.form[out.n]);
    bool own = true;
    for (std::size_t i = 0; i < out.n && own; ++i) {
      if (!input.same_form(out.input[i])) continue;
      input.data = out.input[i].data;
      own = false;
    }
    out.owner[out.n] = own;
    out.input[out.n++] = input;
  }
  return out;
}

void ForwardPass::norm_and_convert(const Vector& norm, const Inputs& inputs) noexcept {
  const std::size_t d_model = params_.d_model;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      kernels_.rms_norm(a_.x + row * d_model, norm.data(), params_.norm_eps, d_model, a_.normed + row * d_model);
    }
    for (std::size_t i = 0; i < inputs.n; ++i) {
      if (inputs.owner[i]) convert(inputs.input[i], a_.normed, mine);
    }
  });
}

void ForwardPass::convert_rows(const float* x, const Inputs& inputs) noexcept {
  const std::size_t n_rows = inputs.input[0].n_rows;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = kernels::share_of(n_rows, 1, worker, pool_.n_workers());
    for (std::size_t i = 0; i < inputs.n; ++i) {
      if (inputs.owner[i]) convert(inputs.input[i], x, mine);
    }
  });
}

// residual x += matrix * in + bias
void ForwardPass::project_and_add(const Matrix& matrix, const Vector& bias, const float* in) noexcept {
  const Inputs inputs = inputs_for({&matrix}, rows_.n_rows(), rows_.n_decode_rows());
  convert_rows(in, inputs);
  const std::size_t d_model = params_.d_model;
  pool_.run([&](std::uint32_t worker) {
    multiply(matrix, inputs.input[0], worker, a_.projected, d_model);
    add_bias(matrix, bias, worker, a_.projected, d_model);
    const kernels::Range mine = matrix.worker_rows[worker];
    for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
      float* x = a_.x + row * d_model + mine.begin;
      kernels_.add(x, a_.projected + row * d_model + mine.begin, mine.end - mine.begin, x);
    }
  });
}

void ForwardPass::add_bias(const Matrix& matrix, const Vector& bias, std::uint32_t worker, float* y,
                           std::size_t y_stride) const noexcept {
  if (bias.empty()) return;
  const kernels::Range mine = matrix.worker_rows[worker];
  for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
    float* out = y + row * y_stride + mine.begin;
    kernels_.add(out, bias.data() + mine.begin, mine.end - mine.begin, out);
  }
}

}  // namespace quern::engine
