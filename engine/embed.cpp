// The first rows of a step: embeddings of tokens and of what else is known about them, and the rotations of their
// positions.
#include "base/assert.hpp"
#include "engine/forward_pass.hpp"

namespace quern::engine {

namespace {

void read_row(const Matrix& table, std::size_t row, float* out) noexcept {
  QUERN_DCHECK(row < table.n_rows);
  table.format->dequantize(table.file_base + row * table.row_bytes, table.n_cols, out);
}

}  // namespace

// x = norm(scale * token + position + type). Scratch: normed.
void ForwardPass::embed(const StepPlan& plan) noexcept {
  const ModelWeights& w = model_.weights();
  const std::size_t d_model = params_.d_model;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* x = a_.x + row * d_model;
      float* extra = a_.normed + row * d_model;
      read_row(w.token_embd, static_cast<std::size_t>(plan.token[row]), x);
      if (params_.embedding_scale != 1.0f) {
        for (std::size_t i = 0; i < d_model; ++i) x[i] *= params_.embedding_scale;
      }
      if (w.token_types) {
        read_row(w.token_types, 0, extra);
        kernels_.add(x, extra, d_model, x);
      }
      if (w.position_embd) {
        read_row(w.position_embd, rows_.positions()[row], extra);
        kernels_.add(x, extra, d_model, x);
      }
      if (w.embd_norm) normalize(w.embd_norm, x, d_model, x);
      for (std::size_t i = 0; i < rope_.size(); ++i) {
        if (a_.cos_sin[i] != nullptr)
          rope_[i].fill(rows_.positions()[row], a_.cos_sin[i] + row * params_.rope[i].n_rot);
      }
    }
  });
}

}  // namespace quern::engine
