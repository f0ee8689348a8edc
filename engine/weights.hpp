// The weights of a model as the forward pass reads them, and where their bytes live.
// Matrices stay in the mapped file in their own block layout, or are packed (weight_packer.hpp); vectors (norms,
// biases) are small and copied to F32. What a model does not have is empty, and an empty norm or bias is left out of
// the computation. Threads: const after load. Ownership: WeightStore owns packed matrices and per-node copies; Matrix
// only points.
#pragma once

#include "base/byte_ledger.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/numa_buffer.hpp"
#include "kernels/quant/quant_format.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quern::engine {

using Vector = std::vector<float>;

// W[n_rows, n_cols], row-major rows of quantized blocks.
struct Matrix {
  const kernels::QuantFormat* format = nullptr;  // nullptr: the model has none
  std::size_t n_rows = 0, n_cols = 0, row_bytes = 0;
  // Bytes of a group of kernels::kPackedGroupRows rows where the matrix is packed, else 0.
  std::size_t packed_group_bytes = 0;
  // Worker w computes rows [worker_rows[w].begin, worker_rows[w].end), found at worker_base[w] + row * row_bytes, or
  // worker_base[w] + row / kPackedGroupRows * packed_group_bytes.
  std::vector<kernels::Range> worker_rows;
  std::vector<const std::byte*> worker_base;
  const std::byte* file_base = nullptr;  // row 0 in the map, for row lookups
  bool coarse = false;                   // the kernel may round more (kernels::Role)

  explicit operator bool() const noexcept { return format != nullptr; }
  bool packed() const noexcept { return packed_group_bytes != 0; }
  // What a product reads of it.
  std::size_t stored_bytes() const noexcept {
    constexpr std::size_t kRows = kernels::kPackedGroupRows;
    return packed() ? (n_rows + kRows - 1) / kRows * packed_group_bytes : n_rows * row_bytes;
  }
  std::size_t type_index() const noexcept { return static_cast<std::size_t>(format->type); }
};

// scale * W x + bias
struct Linear {
  Matrix matrix;
  Vector bias;         // [n_rows]
  float scale = 1.0f;  // of formats whose blocks cannot reach all of a matrix's range
  explicit operator bool() const noexcept { return static_cast<bool>(matrix); }
};

struct Norm {
  Vector weight, bias;
  explicit operator bool() const noexcept { return !weight.empty(); }
};

// A convolution over time, one per channel: weight of the token `lag` steps back is values[(kernel - 1 - lag) *
// n_channels + channel].
struct Taps {
  Vector values;
};

struct LayerWeights {
  Norm attn_norm, ffn_norm;            // of a block's input
  Norm attn_post_norm, ffn_post_norm;  // of a block's answer, before it is added to the residual stream
  Norm attn_out_norm, ffn_out_norm;    // of the residual stream, after a block's answer was added

  // attention
  Linear attn_q, attn_k, attn_v;  // [q_width (twice with gates) | k_width | v_width, d_model]
  Linear attn_out;                // [d_model, attn_width], or of another mixer's answer
  Linear attn_gate;               // [attn_width, d_model] see AttentionGate::apart
  Norm q_norm, k_norm;            // see QkNorm
  Norm attn_sub_norm;             // of the heads' answers together
  Vector sinks;                   // [n_heads]
  Vector distance_bias;           // [n_distance_buckets, n_heads]; empty: the first layer's

  // latent attention
  Linear q_down, q_up;             // [q_rank, d_model], [n_heads * (d_nope + d_rope), q_rank]
  Linear kv_down;                  // [kv_rank + d_rope, d_model]
  Norm q_down_norm, kv_down_norm;  // [q_rank], [kv_rank]
  std::vector<Linear> k_up, v_up;  // per head: [kv_rank, d_nope], [d_value, kv_rank]

  // recurrent layers
  Linear mix_in;                               // [conv_width, d_model]; short convolution: [3 * d_model, d_model]
  Taps taps;                                   // [conv_kernel, conv_width]
  Vector taps_bias;                            // [conv_width]
  Linear delta_gate, delta_beta, delta_decay;  // [v_width, d_model], [n_v_heads, d_model] twice
  Vector decay_bias, decay_rate;               // [n_v_heads]; RWKV: [d_model]
  Norm delta_norm;                             // [d_state]
  Linear delta_gates;                          // [2 * n_v_heads, d_model] beta and decay of each key head's values

  // state spaces
  Linear ssm_in;                 // [in_width, d_model]
  Linear ssm_x, ssm_dt;          // [x_width, d_inner], [n_steps, dt_rank]
  Norm dt_norm, b_norm, c_norm;  // [dt_rank], [d_state] twice
  Vector ssm_dt_bias, ssm_rate;  // [n_heads] where there is no projection of time steps; [n_heads]
  Taps ssm_rates;                // Mamba 1: [d_state, d_inner]
  Vector ssm_skip;               // [n_steps]
  Norm ssm_norm;                 // [n_groups, d_inner / n_groups]
  Linear ssm_out;                // [d_model, d_inner]

  // RWKV. attn_q, attn_k and attn_v give receptance, key and value; ffn_up, ffn_down and ffn_gate (of the receptance)
  // are the second block's; delta_norm is of all heads.
  Vector lerp_x, lerps;                           // [d_model], [5 or 6, d_model]: how much of the token before is taken
  Vector lerp_w, lerp_k, lerp_v, lerp_r, lerp_g;  // where lerps is not one tensor
  Vector channel_lerp_k, channel_lerp_r;          // the second block's
  Linear mix_down;                                // [5 * mix_rank, d_model]
  std::vector<Linear> mix_up;                     // [5][d_model, mix_rank]
  Linear decay_down, decay_up, rate_down, rate_up, value_down, value_up, gate_down, gate_up;  // to a rank and back
  Vector rate_bias, value_bias, first_bonus, key_scale, key_rate;                             // [d_model]

  Linear ffn_gate, ffn_up, ffn_down;  // [d_ff, d_model] twice, [d_model, d_ff]; no gate: not gated
  Norm ffn_sub_norm;                  // [d_ff] of what ffn_down reads

  Linear router;                                            // [n_experts, d_model]
  Vector choice_bias;                                       // [n_experts] added to what experts are chosen by
  std::vector<Linear> expert_gate, expert_up, expert_down;  // one per expert
  Linear shared_gate, shared_up, shared_down;               // the expert of every token
  Linear shared_router;                                     // [1, d_model]
  Norm router_norm, expert_norm;                            // of what router and experts read, where each has its own
  Norm dense_post_norm, expert_post_norm;                   // of the two answers, where a layer has both
  Linear latent_down, latent_up;                            // [d_latent, d_model], [d_model, d_latent] around experts

  // Gemma 3n and 4
  Linear per_layer_gate, per_layer_out;                     // [width, d_model], [d_model, width]
  Norm per_layer_norm;                                      // [d_model] of the latter's answer
  Vector output_scale;                                      // [1] of the layer's answer
  Linear streams_router, streams_predict, streams_correct;  // [n, d_model], [n * n, n], [n, n]
  Norm streams_norm;                                        // [d_model]
  Vector streams_scale;                                     // [d_model]
  Linear laurel_down, laurel_up;                            // [rank, d_model], [d_model, rank]
  Norm laurel_norm;                                         // [d_model]

  // All matrices that activations are multiplied with, experts apart.
  template <class Function>
  void for_each_matrix(Function f) const {
    visit_matrices(*this, f);
  }
  template <class Function>
  void for_each_matrix(Function f) {
    visit_matrices(*this, f);
  }
  // Those behind the layer's attention: no softmax multiplies their rounding errors.
  void allow_coarse_ffn() noexcept {
    for (Linear* linear :
         {&ffn_gate, &ffn_up, &ffn_down, &shared_gate, &shared_up, &shared_down, &latent_down, &latent_up}) {
      linear->matrix.coarse = true;
    }
    for (auto* experts : {&expert_gate, &expert_up, &expert_down}) {
      for (Linear& expert : *experts) expert.matrix.coarse = true;
    }
  }
  template <class Function>
  void for_each_expert_matrix(Function f) const {
    visit_experts(*this, f);
  }
  template <class Function>
  void for_each_expert_matrix(Function f) {
    visit_experts(*this, f);
  }

 private:
  template <class Self, class Function>
  static void visit_matrices(Self& w, Function f) {
    for (auto* linear : {&w.attn_q,
                         &w.attn_k,
                         &w.attn_v,
                         &w.attn_out,
                         &w.attn_gate,
                         &w.q_down,
                         &w.q_up,
                         &w.kv_down,
                         &w.mix_in,
                         &w.delta_gate,
                         &w.delta_beta,
                         &w.delta_decay,
                         &w.delta_gates,
                         &w.ssm_in,
                         &w.ssm_x,
                         &w.ssm_dt,
                         &w.ssm_out,
                         &w.ffn_gate,
                         &w.ffn_up,
                         &w.ffn_down,
                         &w.router,
                         &w.shared_gate,
                         &w.shared_up,
                         &w.shared_down,
                         &w.shared_router,
                         &w.latent_down,
                         &w.latent_up,
                         &w.per_layer_gate,
                         &w.per_layer_out,
                         &w.streams_router,
                         &w.streams_predict,
                         &w.streams_correct,
                         &w.laurel_down,
                         &w.laurel_up,
                         &w.mix_down,
                         &w.decay_down,
                         &w.decay_up,
                         &w.rate_down,
                         &w.rate_up,
                         &w.value_down,
                         &w.value_up,
                         &w.gate_down,
                         &w.gate_up}) {
      if (*linear) f(linear->matrix);
    }
    for (auto* heads : {&w.k_up, &w.v_up, &w.mix_up}) {
      for (auto& head : *heads) f(head.matrix);
    }
  }
  template <class Self, class Function>
  static void visit_experts(Self& w, Function f) {
    for (auto* experts : {&w.expert_gate, &w.expert_up, &w.expert_down}) {
      for (auto& expert : *experts) f(expert.matrix);
    }
  }
};

struct ModelWeights {
  Matrix token_embd;                            // [n_vocab, d_model]
  Matrix position_embd;                         // [n_context_train, d_model]
  Matrix token_types;                           // [n, d_model]; row 0 is added to every token
  Norm embd_norm;                               // of the embedding
  Norm output_norm;                             // [d_model]
  Linear output;                                // [n_vocab, d_model]; the embedding where the model ties them
  Matrix per_layer_embd;                        // [n_vocab, n_layers * width]: see PerLayerParams
  Linear per_layer_proj;                        // [n_layers * width, d_model]
  Norm per_layer_norm;                          // [width]
  std::vector<Linear> streams_in, streams_out;  // [n_streams - 1][d_model, d_model]
  Linear dense_2, dense_3;                      // after pooling: [d_dense, d_model], [d_model, d_dense]
  Linear cls, cls_out;                          // classification head: [d_model, d_model], [n_labels, d_model]
  Norm cls_norm;
  Vector rope_factors, rope_long, rope_short;  // [n_rot / 2] divisors of rotation frequencies
  std::vector<LayerWeights> layers;

  // All matrices that activations are multiplied with, in order of their use.
  template <class Function>
  void for_each_matrix(Function f) {
    for (LayerWeights& layer : layers) {
      layer.for_each_matrix(f);
      layer.for_each_expert_matrix(f);
    }
    for (Linear* linear : {&per_layer_proj, &output, &dense_2, &dense_3, &cls, &cls_out}) {
      if (*linear) f(linear->matrix);
    }
    for (auto* streams : {&streams_in, &streams_out}) {
      for (Linear& one : *streams) f(one.matrix);
    }
  }
};

// Owns the copies of weight rows that were placed on NUMA nodes (none on a machine with one node), packed matrices, and
// matrices that a file holds in another form.
struct WeightStore {
  struct Derived {
    ByteLedger::Reservation reservation;
    kernels::NumaBuffer values;
  };
  std::vector<kernels::PlacedRows> placed;
  std::vector<Derived> derived;
  std::vector<kernels::NumaBuffer> packed;  // one per NUMA node
};

}  // namespace quern::engine
