// The weights of a model as the forward pass reads them, and where their bytes live.
// Matrices stay in the mapped file in their own block layout; vectors (norms, biases) are small and copied to F32.
// Threads: const after load. Ownership: WeightStore owns the per-node copies; Matrix only points.
#pragma once

#include "kernels/core_pool.hpp"
#include "kernels/numa_buffer.hpp"
#include "kernels/quant/quant_format.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quern::engine {

using Vector = std::vector<float>;  // empty: the model has none

// W[n_rows, n_cols], row-major rows of quantized blocks.
struct Matrix {
  const kernels::QuantFormat* format = nullptr;  // nullptr: the model has none
  std::size_t n_rows = 0, n_cols = 0, row_bytes = 0;
  // Worker w computes rows [worker_rows[w].begin, worker_rows[w].end), found at worker_base[w] + row * row_bytes.
  std::vector<kernels::Range> worker_rows;
  std::vector<const std::byte*> worker_base;
  const std::byte* file_base = nullptr;  // row 0 in the map, for row lookups

  explicit operator bool() const noexcept { return format != nullptr; }
  std::size_t type_index() const noexcept { return static_cast<std::size_t>(format->type); }
};

struct LayerWeights {
  Vector attn_norm, ffn_norm;     // [d_model]
  Matrix attn_q, attn_k, attn_v;  // [q_width | k_width | v_width, d_model]
  Matrix attn_out;                // [d_model, attn_width]
  Vector attn_q_bias, attn_k_bias, attn_v_bias, attn_out_bias;
  Matrix ffn_gate, ffn_up, ffn_down;  // [d_ff, d_model] twice, [d_model, d_ff]
  Vector ffn_gate_bias, ffn_up_bias, ffn_down_bias;
  Matrix router;                                            // [n_experts, d_model]
  std::vector<Matrix> expert_gate, expert_up, expert_down;  // one matrix per expert
};

struct ModelWeights {
  Matrix token_embd;    // [n_vocab, d_model]
  Vector output_norm;   // [d_model]
  Matrix output;        // [n_vocab, d_model]; the embedding where the model ties them
  Vector rope_factors;  // [n_rot / 2] or empty
  std::vector<LayerWeights> layers;
};

// Owns the copies of weight rows that were placed on NUMA nodes. Empty on a machine with one node.
struct WeightStore {
  std::vector<kernels::PlacedRows> placed;
};

}  // namespace quern::engine
