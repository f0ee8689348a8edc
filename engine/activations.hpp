// The buffers of a forward pass: sized once for the largest step, 64-byte aligned, reserved in the byte ledger. Those
// that a model has no use for are empty. Threads: written by workers on disjoint rows or columns, one stage after the
// other.
#pragma once

#include "base/byte_ledger.hpp"
#include "base/result.hpp"
#include "engine/backend.hpp"
#include "engine/model.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>

namespace quern::engine {

struct Activations {
  static constexpr std::size_t kStreams = 4;
  static constexpr std::size_t kForms = 5;  // matrices that read the same rows may want as many different forms

  float* x = nullptr;               // [rows, d_model] residual stream
  float* normed = nullptr;          // [rows, d_model]
  float* q = nullptr;               // [rows, q_width]
  float* k = nullptr;               // [rows, k_width]
  float* v = nullptr;               // [rows, v_width]
  float* attended = nullptr;        // [rows, mixed_width] answer of a mixer before its last projection
  float* gate = nullptr;            // [slots, d_ff]; slots = rows, or rows * n_used
  float* up = nullptr;              // [slots, d_ff]
  float* projected = nullptr;       // [slots, d_model] a block's answer before the residual add
  std::array<float*, 2> cos_sin{};  // [rows, n_rot] of each rotation
  float* gathered = nullptr;        // [slots, d_model] expert inputs
  float* router = nullptr;          // [rows, n_experts]
  float* shared_gate = nullptr;     // [rows] logits of the gate before the expert of every token
  float* wide_q = nullptr;          // [rows, 2 * q_width] queries and gates; latent attention: its queries
  float* latent = nullptr;          // [rows, max(q_rank, kv_rank + d_rope)]
  float* heads = nullptr;           // [n_heads, rows, ...] what per-head matrices read
  float* mix_in = nullptr;          // [rows, conv_width], short convolution [rows, 3 * d_model]
  float* convolved = nullptr;       // [rows, conv_width]
  float* dense = nullptr;           // [rows, d_dense] between the layers after pooling
  float* delta_gate = nullptr;      // [rows, delta width]
  float* delta_beta = nullptr;      // [rows, n_v_heads]
  float* delta_decay = nullptr;     // [rows, n_v_heads]
  float* branch = nullptr;          // [rows, d_model] a sum of answers that is normalized before it is added
  float* expert_in = nullptr;       // [rows, d_latent]
  float* expert_sum = nullptr;      // [rows, d_latent]
  float* fused = nullptr;           // [rows, ...] of matrices whose rows belong to key heads
  float* fused_gates = nullptr;     // [rows, 2 * n_v_heads]
  float* ssm_x = nullptr;           // [rows, x_width] time steps, B and C before norms
  float* ssm_rank = nullptr;        // [rows, dt_rank]
  float* ssm_step = nullptr;        // [rows, n_steps] time steps, or what of the state they leave
  float* ssm_input = nullptr;       // [rows, d_inner] time step * channel
  // RWKV: [rows, d_model] each, or up to the widest rank.
  float *rwkv_delta = nullptr, *rwkv_mixed = nullptr, *rwkv_extra = nullptr, *rwkv_first = nullptr;
  float *rwkv_r = nullptr, *rwkv_w = nullptr, *rwkv_k = nullptr, *rwkv_v = nullptr, *rwkv_g = nullptr;
  float *rwkv_low = nullptr, *rwkv_part = nullptr;
  float* per_layer = nullptr;              // [rows, n_layers * width] what a token's embedding adds to each layer
  float* per_layer_rows = nullptr;         // [rows, n_layers * width] of it what a table gives
  float* per_layer_gate = nullptr;         // [rows, width]
  std::array<float*, kStreams> streams{};  // [rows, d_model] of each
  float* stream_mix = nullptr;             // [rows, n_streams * n_streams]
  float* stream_modes = nullptr;           // [rows, n_streams]
  float* laurel = nullptr;                 // [rows, laurel_rank]
  std::array<std::byte*, kForms> form{};   // prepared rows

  // Errors: overloaded (budget), io (no memory).
  static Result<Activations> create(const Model& model, const kernels::KernelTable& kernels,
                                    const BackendLimits& limits, ByteLedger& ledger);

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  ByteLedger::Reservation reservation_;
};

// Values of a row that a mixer hands to its last projection.
std::size_t mixed_width(const HyperParams& params) noexcept;

}  // namespace quern::engine
