#include "engine/activations.hpp"

#include "engine/linear.hpp"

#include <algorithm>
#include <vector>

namespace quern::engine {

namespace {

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) noexcept {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// The most bytes of prepared rows that any stage needs at once.
std::size_t form_bytes(const Model& model, const kernels::KernelTable& kernels, std::size_t rows) {
  const ModelWeights& weights = model.weights();
  const HyperParams& p = model.params();
  std::size_t per_row = 0, per_slot = 0, per_head = 0;
  const auto see = [&kernels](const Matrix& matrix, std::size_t& widest) {
    if (matrix) widest = std::max(widest, prepared_row_bytes(matrix, kernels));
  };
  for (const Linear* linear :
       {&weights.output, &weights.cls, &weights.cls_out, &weights.dense_2, &weights.dense_3, &weights.per_layer_proj})
    see(linear->matrix, per_row);
  for (const auto* several : {&weights.streams_in, &weights.streams_out}) {
    for (const Linear& linear : *several) see(linear.matrix, per_row);
  }
  for (const LayerWeights& w : weights.layers) {
    w.for_each_matrix([&](const Matrix& matrix) { see(matrix, per_row); });
    w.for_each_expert_matrix([&](const Matrix& matrix) { see(matrix, per_slot); });
    for (const auto* heads : {&w.k_up, &w.v_up}) {
      for (const Linear& head : *heads) see(head.matrix, per_head);
    }
  }
  return std::max({rows * per_row, rows * p.moe.n_used * per_slot, rows * p.n_heads * per_head});
}

struct Part {
  void** to;
  std::size_t bytes;
};

class PartList {
 public:
  void floats(float*& to, std::size_t n_rows, std::size_t width) {
    if (n_rows * width > 0) parts_.push_back({reinterpret_cast<void**>(&to), n_rows * width * sizeof(float)});
  }
  void bytes(std::byte*& to, std::size_t n_bytes) { parts_.push_back({reinterpret_cast<void**>(&to), n_bytes}); }

  std::size_t total() const noexcept {
    std::size_t sum = 0;
    for (const Part& part : parts_) sum += aligned(part.bytes);
    return sum;
  }
  void place(std::byte* memory) const noexcept {
    for (const Part& part : parts_) {
      *part.to = memory;
      memory += aligned(part.bytes);
    }
  }

 private:
  std::vector<Part> parts_;
};

void list_recurrent(const HyperParams& p, std::size_t rows, PartList& list, Activations& a) {
  if (p.n_state_layers() == 0) return;
  const SsmParams& s = p.ssm;
  const std::size_t plain =
      p.delta.n_v_heads > 0 ? p.conv_width() : 3 * std::size_t{p.d_model};  // or short convolution
  list.floats(a.mix_in, rows, s.d_inner > 0 ? s.in_width() : plain);
  list.floats(a.convolved, rows, p.conv_width());
  if (p.delta.n_v_heads > 0) {
    list.floats(a.delta_gate, rows, p.delta.v_width());
    list.floats(a.delta_beta, rows, p.delta.n_v_heads);
    list.floats(a.delta_decay, rows, p.delta.n_v_heads);
    list.floats(a.fused, p.delta.fused ? rows : 0, 2 * (std::size_t{p.delta.k_width()} + p.delta.v_width()));
    list.floats(a.fused_gates, p.delta.adjacent_heads ? rows : 0, 2 * std::size_t{p.delta.n_v_heads});
  }
  if (p.rwkv.d_head > 0) {
    const RwkvParams& r = p.rwkv;
    for (float** buffer : {&a.rwkv_delta, &a.rwkv_mixed, &a.rwkv_extra, &a.rwkv_first, &a.rwkv_r, &a.rwkv_w, &a.rwkv_k,
                           &a.rwkv_v, &a.rwkv_g})
      list.floats(*buffer, rows, p.d_model);
    list.floats(a.rwkv_low, rows, 5 * std::size_t{r.mix_rank});
    list.floats(a.rwkv_part, rows, std::max({r.mix_rank, r.decay_rank, r.rate_rank, r.value_rank, r.gate_rank}));
  }
  if (s.d_inner > 0) {
    list.floats(a.ssm_x, s.projects() ? rows : 0, s.x_width());
    list.floats(a.ssm_rank, rows, s.dt_rank);
    list.floats(a.ssm_step, rows, s.n_steps());
    list.floats(a.ssm_input, rows, s.d_inner);
  }
}

void list_mixers(const HyperParams& p, std::size_t rows, AttentionGate gate, Activations& a, PartList& list) {
  list.floats(a.q, rows, p.q_width());
  list.floats(a.k, rows, p.k_width());
  list.floats(a.v, rows, p.v_width());
  list.floats(a.attended, rows, mixed_width(p));
  if (gate == AttentionGate::in_query) list.floats(a.wide_q, rows, 2 * std::size_t{p.q_width()});
  if (gate == AttentionGate::apart) list.floats(a.wide_q, rows, p.attn_width());
  if (p.latent.kv_rank > 0) {
    const LatentParams& l = p.latent;
    list.floats(a.wide_q, rows, std::size_t{p.n_heads} * (l.d_nope + l.d_rope));
    list.floats(a.latent, rows, std::max(l.q_rank, l.kv_rank + l.d_rope));
    list.floats(a.heads, rows * p.n_heads, std::max(l.d_nope, l.kv_rank));
  }
  list_recurrent(p, rows, list, a);
}

void list_mixture(const HyperParams& p, std::size_t rows, std::size_t slots, Activations& a, PartList& list) {
  if (p.moe.n_experts == 0) return;
  list.floats(a.gathered, slots, p.moe.d_latent > 0 ? p.moe.d_latent : p.d_model);
  list.floats(a.router, rows, p.moe.n_experts);
  list.floats(a.shared_gate, rows, 1);
  list.floats(a.branch, rows, p.d_model);
  list.floats(a.expert_in, rows, p.moe.d_latent);
  list.floats(a.expert_sum, rows, p.moe.d_latent);
}

void list_per_layer(const HyperParams& p, std::size_t rows, Activations& a, PartList& list) {
  const PerLayerParams& l = p.per_layer;
  list.floats(a.per_layer, rows, std::size_t{l.width} * p.n_layers());
  list.floats(a.per_layer_rows, rows, std::size_t{l.width} * p.n_layers());
  list.floats(a.per_layer_gate, rows, l.width);
  if (l.n_streams == 1) return;
  for (float*& stream : a.streams) list.floats(stream, rows, p.d_model);
  list.floats(a.stream_mix, rows, std::size_t{l.n_streams} * l.n_streams);
  list.floats(a.stream_modes, rows, l.n_streams);
  list.floats(a.laurel, rows, l.laurel_rank);
}

}  // namespace

std::size_t mixed_width(const HyperParams& p) noexcept {
  const std::size_t recurrent = p.delta.n_v_heads > 0    ? p.delta.v_width()
                                : p.ssm.d_inner > 0      ? p.ssm.d_inner
                                : p.n_state_layers() > 0 ? p.d_model
                                                         : 0;
  return std::max<std::size_t>({p.attn_width(), recurrent, std::size_t{p.n_heads} * p.latent.d_value});
}

Result<Activations> Activations::create(const Model& model, const kernels::KernelTable& kernels,
                                        const BackendLimits& limits, ByteLedger& ledger) {
  const HyperParams& p = model.params();
  const std::size_t rows = limits.max_tokens_per_step;
  const std::size_t slots = rows * std::max(1u, p.moe.n_used);
  // A model whose layers are all mixtures may still state a dense width.
  const bool has_dense =
      std::any_of(p.layers.begin(), p.layers.end(), [](const auto& l) { return l.dense || is_recurrent(l.mixer); });
  const std::size_t ff_values = std::max({has_dense ? rows * p.d_ff : 0, slots * p.moe.d_ff, rows * p.moe.d_ff_shared});
  Activations a;
  PartList list;
  list.floats(a.x, rows, p.d_model);
  list.floats(a.normed, rows, p.d_model);
  list_mixers(p, rows, model.arch().attention_gate, a, list);
  list.floats(a.gate, ff_values, 1);
  list.floats(a.up, ff_values, 1);
  list.floats(a.projected, slots, std::max(p.d_model, p.moe.d_latent));
  for (std::size_t i = 0; i < a.cos_sin.size(); ++i) list.floats(a.cos_sin[i], rows, p.rope[i].n_rot);
  list_mixture(p, rows, slots, a, list);
  list_per_layer(p, rows, a, list);
  list.floats(a.dense, rows, p.d_dense);
  const std::size_t n_form_bytes = form_bytes(model, kernels, rows);
  for (std::byte*& form : a.form) list.bytes(form, n_form_bytes);

  const std::size_t total = list.total();
  QUERN_TRY(a.reservation_, ledger.reserve(MemoryUse::buffers, total));
  a.memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, total)));
  if (a.memory_ == nullptr) return fail(Errc::io, "no memory for {} bytes of activation buffers", total);
  list.place(a.memory_.get());
  return a;
}

}  // namespace quern::engine
