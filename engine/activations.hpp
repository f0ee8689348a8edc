// The buffers of a forward pass: sized once for the largest step, 64-byte aligned, reserved in the byte ledger.
// Threads: written by workers on disjoint rows or columns, one stage after the other.
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
  static constexpr std::size_t kForms = 3;  // q, k and v may want three different forms of the same rows

  float* x = nullptr;                     // [rows, d_model] residual stream
  float* normed = nullptr;                // [rows, d_model]
  float* q = nullptr;                     // [rows, q_width]
  float* k = nullptr;                     // [rows, k_width]
  float* v = nullptr;                     // [rows, v_width]
  float* attended = nullptr;              // [rows, attn_width]
  float* gate = nullptr;                  // [slots, d_ff]; slots = rows, or rows * n_experts_used
  float* up = nullptr;                    // [slots, d_ff]
  float* projected = nullptr;             // [slots, d_model] output of attn_out and ffn_down before the residual add
  float* cos_sin = nullptr;               // [rows, n_rot]
  float* gathered = nullptr;              // [slots, d_model] expert inputs
  float* router = nullptr;                // [rows, n_experts]
  std::array<std::byte*, kForms> form{};  // [slots, form_row_bytes]
  std::size_t form_row_bytes = 0;         // the widest prepared row of the model

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

}  // namespace quern::engine
