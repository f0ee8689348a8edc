// Latent attention: one compressed vector per token is all that is cached. Instead of expanding it to keys and values
// of every head, queries are moved into its space (k_up), and answers out of it (v_up); in between it is attention with
// one KV head. Source: arXiv 2405.04434, section 2.1.2 and appendix C.
#include "engine/forward_pass.hpp"

#include <cstring>

namespace quern::engine {

// A cached key, and a query of the same space: rotated values first, then the compressed vector, which is the value
// too.
void ForwardPass::latent_attention(const LayerWeights& w, const LayerParams& layer) noexcept {
  const LatentParams& l = params_.latent;
  const std::size_t n_rows = rows_.n_rows(), n_heads = layer.n_heads, d_query = l.d_nope + l.d_rope;
  const std::size_t q_width = layer.q_width();
  const Linear& first_q = l.q_rank > 0 ? w.q_down : w.attn_q;
  const Inputs in = inputs_for({&w.kv_down, &first_q});
  norm_and_convert(w.attn_norm, in);
  pool_.run([&](std::uint32_t worker) {
    apply(w.kv_down, in.input[0], worker, a_.latent, l.kv_rank + l.d_rope);
    if (l.q_rank == 0) apply(w.attn_q, in.input[1], worker, a_.wide_q, n_heads * d_query);
  });
  latent_keys(w, layer);
  if (l.q_rank > 0) {
    pool_.run([&](std::uint32_t worker) { apply(w.q_down, in.input[1], worker, a_.latent, l.q_rank); });
    latent_queries(w);
  }
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* wide = a_.wide_q + row * n_heads * d_query;
      if (layer.query_temperature && params_.temperature_floor > 0.0f) {
        const float factor = query_factor(row);
        for (std::size_t i = 0; i < n_heads * d_query; ++i) wide[i] *= factor;
      }
      float* q = a_.q + row * q_width;
      for (std::size_t h = 0; h < n_heads; ++h) {
        std::memcpy(q + h * layer.d_head_k, wide + h * d_query + l.d_nope, l.d_rope * sizeof(float));
        std::memcpy(a_.heads + (h * n_rows + row) * l.d_nope, wide + h * d_query, l.d_nope * sizeof(float));
      }
      rotate(layer, row, q, layer.n_heads, layer.d_head_k);
    }
  });
  multiply_heads(w.k_up, a_.heads, a_.q + l.d_rope, q_width, layer.d_head_k);
  attend_all(w, layer);
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const float* answers = a_.attended + row * layer.attn_width();
      for (std::size_t h = 0; h < n_heads; ++h) {
        std::memcpy(a_.heads + (h * n_rows + row) * l.kv_rank, answers + h * l.kv_rank, l.kv_rank * sizeof(float));
      }
    }
  });
  multiply_heads(w.v_up, a_.heads, a_.attended, n_heads * l.d_value, l.d_value);
  project_and_add(w.attn_out, a_.attended, w.attn_post_norm);
}

// latent -> normalized -> wide_q
void ForwardPass::latent_queries(const LayerWeights& w) noexcept {
  const LatentParams& l = params_.latent;
  const Inputs in = inputs_for({&w.q_up});
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* q = a_.latent + row * l.q_rank;
      normalize(w.q_down_norm, q, l.q_rank, q);
    }
    convert_mine(a_.latent, in, mine);
  });
  pool_.run([&](std::uint32_t worker) { apply(w.q_up, in.input[0], worker, a_.wide_q, w.q_up.matrix.n_rows); });
}

void ForwardPass::latent_keys(const LayerWeights& w, const LayerParams& layer) noexcept {
  const LatentParams& l = params_.latent;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const float* compressed = a_.latent + row * (l.kv_rank + l.d_rope);
      float* k = a_.k + row * layer.k_width();
      std::memcpy(k, compressed + l.kv_rank, l.d_rope * sizeof(float));
      rotate(layer, row, k, 1, layer.d_head_k);
      normalize(w.kv_down_norm, compressed, l.kv_rank, k + l.d_rope);
      store_kv(layer, row, k, k + l.d_rope);
    }
  });
}

// y[row, head] = heads[head] * x[head, row] for x[n_heads, n_rows, n_cols].
void ForwardPass::multiply_heads(const std::vector<Linear>& heads, const float* x, float* y, std::size_t y_stride,
                                 std::size_t y_head_stride) noexcept {
  const std::size_t n_rows = rows_.n_rows(), n_cols = heads.front().matrix.n_cols;
  const auto input_of = [&](std::size_t head) {
    const Matrix& matrix = heads[head].matrix;
    std::byte* data = a_.form[0] + head * n_rows * prepared_row_bytes(matrix, kernels_);
    return input_for(matrix, kernels_, rows_.n_rows(), rows_.n_decode_rows(), data);
  };
  pool_.run([&](std::uint32_t worker) {
    for (std::size_t h = 0; h < heads.size(); ++h) convert(input_of(h), x + h * n_rows * n_cols, my_rows(worker));
  });
  pool_.run([&](std::uint32_t worker) {
    deal_rows(heads.front().matrix, heads.size(), input_of(0), worker,
              [&](std::uint32_t owner, std::size_t h, kernels::Range rows) {
                apply_rows(heads[h], input_of(h), owner, rows, y + h * y_head_stride, y_stride);
              });
  });
}

}  // namespace quern::engine
