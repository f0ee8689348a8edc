// The attention block of a layer: projections, norms and rotation of queries and keys, K and V into their pages,
// attention over the pages.
#include "engine/forward_pass.hpp"

#include <cmath>
#include <cstring>

namespace quern::engine {

void ForwardPass::attention(const LayerWeights& w, const LayerParams& layer) noexcept {
  // A parallel layer with one norm may list it as the feed-forward's.
  const bool two_norms = params_.parallel_residual && w.attn_norm && w.ffn_norm;
  const Norm& norm = params_.parallel_residual && !w.attn_norm ? w.ffn_norm : w.attn_norm;
  const Inputs in = inputs_for({&w.attn_q, &w.attn_k, &w.attn_v});
  norm_and_convert(norm, in);
  const bool gated = arch_.gated_attention;
  pool_.run([&](std::uint32_t worker) {
    apply(w.attn_q, in.input[0], worker, gated ? a_.wide_q : a_.q, w.attn_q.matrix.n_rows);
    apply(w.attn_k, in.input[1], worker, a_.k, params_.k_width());
    apply(w.attn_v, in.input[2], worker, a_.v, params_.v_width());
  });
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    finish_qkv(w, layer, mine);
    // The feed-forward reads the layer's input, which the next stages change.
    const std::size_t d_model = params_.d_model;
    for (std::size_t row = mine.begin; two_norms && row < mine.end; ++row) {
      normalize(w.ffn_norm, a_.x + row * d_model, d_model, a_.normed + row * d_model);
    }
  });
  attend_all(w, layer);
  project_and_add(w.attn_out, a_.attended, w.attn_post_norm);
}

void ForwardPass::finish_qkv(const LayerWeights& w, const LayerParams& layer, kernels::Range rows) noexcept {
  const std::size_t d_head = params_.d_head_k;
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    float* q = a_.q + row * params_.q_width();
    float* k = a_.k + row * params_.k_width();
    if (arch_.gated_attention) {
      const float* wide = a_.wide_q + row * 2 * params_.q_width();
      for (std::size_t h = 0; h < params_.n_heads; ++h)
        std::memcpy(q + h * d_head, wide + 2 * h * d_head, d_head * sizeof(float));
    }
    if (w.q_norm) normalize_heads(w.q_norm, q, params_.n_heads);
    if (w.k_norm) normalize_heads(w.k_norm, k, params_.n_kv_heads);
    rotate(layer, row, q, params_.n_heads, d_head);
    rotate(layer, row, k, params_.n_kv_heads, d_head);
    if (layer.unit_qk) {
      const auto unit = [&](float* x) { kernels_.rms_norm(x, ones_.data(), params_.norm_eps, d_head, x); };
      for (std::size_t h = 0; h < params_.n_heads; ++h) unit(q + h * d_head);
      for (std::size_t h = 0; h < params_.n_kv_heads; ++h) unit(k + h * d_head);
    }
    if (layer.query_temperature && params_.temperature_floor > 0.0f) {
      const double chunks = std::floor((rows_.positions()[row] + 1.0) / params_.temperature_floor);
      const auto factor = static_cast<float>(1.0 + params_.temperature_scale * std::log(1.0 + chunks));
      for (std::size_t i = 0; i < params_.q_width(); ++i) q[i] *= factor;
    }
    store_kv(layer, row, k, a_.v + row * params_.v_width());
  }
}

void ForwardPass::normalize_heads(const Norm& norm, float* x, std::uint32_t n_heads) const noexcept {
  const std::size_t d_head = params_.d_head_k;
  if (arch_.qk_norm == QkNorm::whole) return normalize(norm, x, n_heads * d_head, x);
  for (std::size_t h = 0; h < n_heads; ++h) {
    float* head = x + h * d_head;
    if (arch_.qk_norm == QkNorm::head) {
      normalize(norm, head, d_head, head);
    } else if (arch_.norm == NormKind::rms) {
      kernels_.rms_norm(head, norm.weight.data() + h * d_head, params_.norm_eps, d_head, head);
    } else {
      const float* bias = norm.bias.empty() ? nullptr : norm.bias.data() + h * d_head;
      kernels_.layer_norm(head, norm.weight.data() + h * d_head, bias, params_.norm_eps, d_head, head);
    }
  }
}

// The first values of each head of x[n_heads, d_head].
void ForwardPass::rotate(const LayerParams& layer, std::size_t row, float* x, std::uint32_t n_heads,
                         std::size_t d_head) const noexcept {
  if (layer.rope == LayerParams::kNoRope) return;
  const std::size_t n_rot = params_.rope[layer.rope].n_rot;
  const float* cos_sin = a_.cos_sin[layer.rope] + row * n_rot;
  const auto kernel = arch_.rope == RopeStyle::interleaved ? kernels_.rope_interleaved : kernels_.rope_split;
  kernel(x, n_heads, d_head, n_rot, cos_sin);
}

void ForwardPass::store_kv(const LayerParams& layer, std::size_t row, const float* k, const float* v) noexcept {
  kv::PageArena& arena = *cache_.arena;
  const kv::KvConfig& kv = arena.config();
  const auto store = kernels_.store_kv[static_cast<std::size_t>(kv.type)];
  const std::uint32_t slot = rows_.kv_slots()[row];
  const std::size_t page_offset = slot / kv.page_tokens * arena.page_stride();
  const std::size_t in_page = slot % kv.page_tokens;
  for (std::uint32_t h = 0; h < params_.n_kv_heads; ++h) {
    store(k + h * params_.d_head_k, params_.d_head_k,
          arena.k_base(cache_layer(layer), h) + page_offset + in_page * kv.k_row_bytes());
    store(v + h * params_.d_head_v, params_.d_head_v,
          arena.v_base(cache_layer(layer), h) + page_offset + in_page * kv.v_row_bytes());
  }
}

void ForwardPass::attend_all(const LayerWeights& w, const LayerParams& layer) noexcept {
  const auto n_items = static_cast<std::uint32_t>(rows_.items().size()) * params_.n_kv_heads;
  for_each_item(n_items, [&](std::uint32_t i) {
    attend(w, layer, rows_.items()[i / params_.n_kv_heads], i % params_.n_kv_heads);
  });
}

void ForwardPass::attend(const LayerWeights& w, const LayerParams& layer, const AttentionItem& item,
                         std::uint32_t kv_head) noexcept {
  const SeqRows& seq = rows_.seqs()[item.seq];
  kv::PageArena& arena = *cache_.arena;
  const kv::KvConfig& kv = arena.config();
  const std::size_t first_head = kv_head * params_.heads_per_kv();
  const std::size_t d_k = params_.d_head_k, d_v = params_.d_head_v;
  float* out = a_.attended + item.begin * std::size_t{params_.attn_width()} + first_head * d_v;
  kernels_.attention[static_cast<std::size_t>(kv.type)]({
      .q = a_.q + item.begin * std::size_t{params_.q_width()} + first_head * d_k,
      .q_token_stride = params_.q_width(),
      .n_tokens = item.end - item.begin,
      .n_heads = params_.heads_per_kv(),
      .first_position = seq.first_position + (item.begin - seq.begin),
      .k_base = arena.k_base(cache_layer(layer), kv_head),
      .v_base = arena.v_base(cache_layer(layer), kv_head),
      .page_stride = arena.page_stride(),
      .page_table = seq.pages,
      .page_tokens = kv.page_tokens,
      .d_head_k = params_.d_head_k,
      .d_head_v = params_.d_head_v,
      .scale = params_.attention_scale,
      .softcap = params_.attention_softcap,
      .window = layer.window,
      .window_kind = params_.window_kind,
      .n_keys = params_.causal ? 0 : seq.end - seq.begin,
      .alibi_slopes = alibi_slopes_.empty() ? nullptr : alibi_slopes_.data() + first_head,
      .sinks = w.sinks.empty() ? nullptr : w.sinks.data() + first_head,
      .out = out,
      .out_token_stride = params_.attn_width(),
  });
  if (!arch_.gated_attention) return;
  for (std::size_t row = item.begin; row < item.end; ++row) {
    const float* wide = a_.wide_q + row * 2 * params_.q_width();
    float* answers = a_.attended + row * params_.attn_width();
    for (std::size_t h = first_head; h < first_head + params_.heads_per_kv(); ++h) {
      kernels_.sigmoid_mul(wide + (2 * h + 1) * d_k, answers + h * d_v, d_v, answers + h * d_v);
    }
  }
}

}  // namespace quern::engine
