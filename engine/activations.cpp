#include "engine/activations.hpp"

#include "engine/linear.hpp"

#include <algorithm>
#include <vector>

namespace quern::engine {

namespace {

constexpr std::size_t kAlignment = 64;

// The widest prepared row over all matrices of the model.
std::size_t widest_form(const Model& model, const kernels::KernelTable& kernels) {
  std::size_t bytes = 0;
  const auto see = [&](const Matrix& m) {
    if (m) bytes = std::max(bytes, prepared_row_bytes(m, kernels));
  };
  see(model.weights().output);
  for (const LayerWeights& w : model.weights().layers) {
    for (const Matrix* m :
         {&w.attn_q, &w.attn_k, &w.attn_v, &w.attn_out, &w.ffn_gate, &w.ffn_up, &w.ffn_down, &w.router})
      see(*m);
    for (const auto* experts : {&w.expert_gate, &w.expert_up, &w.expert_down}) {
      for (const Matrix& m : *experts) see(m);
    }
  }
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

Result<Activations> Activations::create(const Model& model, const kernels::KernelTable& kernels,
                                        const BackendLimits& limits, ByteLedger& ledger) {
  const HyperParams& p = model.params();
  const std::size_t rows = limits.max_tokens_per_step;
  const std::size_t slots = rows * std::max<std::size_t>(1, p.n_experts_used);
  Activations a;
  a.form_row_bytes = widest_form(model, kernels);
  struct Part {
    void** to;
    std::size_t bytes;
  };
  std::vector<Part> parts;
  const auto floats = [&](float*& to, std::size_t n_rows, std::size_t width) {
    parts.push_back({reinterpret_cast<void**>(&to), n_rows * width * sizeof(float)});
  };
  floats(a.x, rows, p.d_model);
  floats(a.normed, rows, p.d_model);
  floats(a.q, rows, p.q_width());
  floats(a.k, rows, p.k_width());
  floats(a.v, rows, p.v_width());
  floats(a.attended, rows, p.attn_width());
  floats(a.gate, slots, p.d_ff);
  floats(a.up, slots, p.d_ff);
  floats(a.projected, slots, p.d_model);
  floats(a.cos_sin, rows, p.rope.n_rot);
  if (p.n_experts > 0) {
    floats(a.gathered, slots, p.d_model);
    floats(a.router, rows, p.n_experts);
  }
  for (std::byte*& form : a.form) parts.push_back({reinterpret_cast<void**>(&form), slots * a.form_row_bytes});

  std::size_t total = 0;
  for (const Part& part : parts) total += (part.bytes + kAlignment - 1) / kAlignment * kAlignment;
  QUERN_TRY(a.reservation_, ledger.reserve(MemoryUse::buffers, total));
  a.memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, total)));
  if (a.memory_ == nullptr) return fail(Errc::io, "no memory for {} bytes of activation buffers", total);
  std::byte* next = a.memory_.get();
  for (const Part& part : parts) {
    *part.to = next;
    next += (part.bytes + kAlignment - 1) / kAlignment * kAlignment;
  }
  return a;
}

}  // namespace quern::engine
