// The attention block of a layer: projections, norms and rotation of queries and keys, K and V into their pages,
// attention over the pages.
#include "engine/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::engine {

void ForwardPass::attention(const LayerWeights& w, const LayerParams& layer) noexcept {
  // A parallel layer with one norm may list it as the feed-forward's.
  const bool two_norms = params_.parallel_residual && w.attn_norm && w.ffn_norm;
  const Norm& norm = params_.parallel_residual && !w.attn_norm ? w.ffn_norm : w.attn_norm;
  static const Linear kNone;
  const Linear& key = layer.shares_kv ? kNone : w.attn_k;
  const Linear& value = layer.shares_kv ? kNone : w.attn_v;
  const Inputs in = inputs_for({&w.attn_q, &key, &value, &w.attn_gate});
  norm_and_convert(norm, in);
  const bool wide = arch_.attention_gate == AttentionGate::in_query;
  pool_.run([&](std::uint32_t worker) {
    std::size_t next = 0;
    const auto apply_to = [&](const Linear& linear, float* y) {
      if (linear) apply(linear, in.input[next++], worker, y, linear.matrix.n_rows);
    };
    apply_to(w.attn_q, wide ? a_.wide_q : a_.q);
    apply_to(key, a_.k);
    apply_to(value, a_.v);
    apply_to(w.attn_gate, a_.wide_q);
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
  if (w.attn_sub_norm) normalize_rows(w.attn_sub_norm, a_.attended, layer.attn_width());
  project_and_add(w.attn_out, a_.attended, w.attn_post_norm);
}

// A matrix in the place of attention.
void ForwardPass::linear_mixer(const LayerWeights& w) noexcept {
  norm_and_convert(w.attn_norm, Inputs{});
  project_and_add(w.attn_out, w.attn_norm ? a_.normed : a_.x, w.attn_post_norm);
}

void ForwardPass::finish_qkv(const LayerWeights& w, const LayerParams& layer, kernels::Range rows) noexcept {
  const std::size_t d_head = layer.d_head_k;
  const bool own_kv = !layer.shares_kv;
  const auto clamp = [this](float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) x[i] = std::clamp(x[i], -params_.qkv_clamp, params_.qkv_clamp);
  };
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    float* q = a_.q + row * layer.q_width();
    float* k = a_.k + row * layer.k_width();
    float* v = a_.v + row * layer.v_width();
    if (arch_.attention_gate == AttentionGate::in_query) {
      const float* wide = a_.wide_q + row * 2 * layer.q_width();
      for (std::size_t h = 0; h < layer.n_heads; ++h)
        std::memcpy(q + h * d_head, wide + 2 * h * d_head, d_head * sizeof(float));
    }
    if (own_kv && !w.attn_v) std::memcpy(v, k, layer.v_width() * sizeof(float));
    if (params_.qkv_clamp > 0.0f) {
      clamp(q, layer.q_width());
      clamp(k, layer.k_width());
      clamp(v, layer.v_width());
    }
    const auto normalize_both = [&] {
      if (w.q_norm) normalize_heads(w.q_norm, q, layer.n_heads, d_head);
      if (w.k_norm && own_kv) normalize_heads(w.k_norm, k, layer.n_kv_heads, d_head);
    };
    if (!arch_.qk_norm_last) normalize_both();
    rotate(layer, row, q, layer.n_heads, d_head);
    if (own_kv) rotate(layer, row, k, layer.n_kv_heads, d_head);
    if (arch_.qk_norm_last) normalize_both();
    if (layer.unit_qk) {
      scale_to_unit(q, layer.n_heads, d_head);
      scale_to_unit(k, layer.n_kv_heads, d_head);
    }
    if (layer.query_temperature && params_.temperature_floor > 0.0f) {
      const float factor = query_factor(row);
      for (std::size_t i = 0; i < layer.q_width(); ++i) q[i] *= factor;
    }
    if (!own_kv) continue;
    if (layer.unit_v) scale_to_unit(v, layer.n_kv_heads, layer.d_head_v);
    store_kv(layer, row, k, v);
  }
}

void ForwardPass::scale_to_unit(float* heads, std::uint32_t n_heads, std::size_t d_head) const noexcept {
  for (float* x = heads; x != heads + n_heads * d_head; x += d_head)
    kernels_.rms_norm(x, ones_.data(), params_.norm_eps, d_head, x);
}

float ForwardPass::query_factor(std::size_t row) const noexcept {
  const double position = rows_.positions()[row] + static_cast<double>(params_.temperature_offset);
  const double chunks = std::floor(position / static_cast<double>(params_.temperature_floor));
  return static_cast<float>(1.0 + static_cast<double>(params_.temperature_scale) * std::log(1.0 + chunks));
}

void ForwardPass::normalize_heads(const Norm& norm, float* x, std::uint32_t n_heads,
                                  std::size_t d_head) const noexcept {
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
  const auto kernel =
      params_.rope[layer.rope].style == RopeStyle::interleaved ? kernels_.rope_interleaved : kernels_.rope_split;
  kernel(x, n_heads, d_head, n_rot, cos_sin);
}

// The arena knows the heads of a model whose layers have the same; else it has one wide head, in which a layer's own
// follow each other.
ForwardPass::HeadCache ForwardPass::head_cache(const LayerParams& layer, std::uint32_t kv_head) noexcept {
  kv::PageArena& arena = *cache_.arena;
  const std::uint32_t index = cache_layer(layer);
  if (same_heads_) return {arena.k_base(index, kv_head), arena.v_base(index, kv_head)};
  const kv::KvConfig& kv = arena.config();
  const std::size_t row = std::size_t{kv_head} * kv.page_tokens;
  return {arena.k_base(index, 0) + row * kernels::kv_row_bytes(kv.type, layer.d_head_k),
          arena.v_base(index, 0) + row * kernels::kv_row_bytes(kv.type, layer.d_head_v)};
}

void ForwardPass::store_kv(const LayerParams& layer, std::size_t row, const float* k, const float* v) noexcept {
  const kv::KvConfig& kv = cache_.arena->config();
  const auto store = kernels_.store_kv[static_cast<std::size_t>(kv.type)];
  const std::uint32_t slot = rows_.kv_slots()[row];
  const std::size_t page_offset = slot / kv.page_tokens * cache_.arena->page_stride();
  const std::size_t in_page = slot % kv.page_tokens;
  for (std::uint32_t h = 0; h < layer.n_kv_heads; ++h) {
    const HeadCache at = head_cache(layer, h);
    store(k + h * layer.d_head_k, layer.d_head_k,
          at.k + page_offset + in_page * kernels::kv_row_bytes(kv.type, layer.d_head_k));
    store(v + h * layer.d_head_v, layer.d_head_v,
          at.v + page_offset + in_page * kernels::kv_row_bytes(kv.type, layer.d_head_v));
  }
}

void ForwardPass::attend_all(const LayerWeights& w, const LayerParams& layer) noexcept {
  if (params_.n_distance_buckets > 0) {
    const auto n_all = static_cast<std::uint32_t>(rows_.items().size()) * layer.n_heads;
    return for_each_item(n_all, [&](std::uint32_t i) {
      attend_by_distance(w, layer, rows_.items()[i / layer.n_heads], i % layer.n_heads);
    });
  }
  const auto n_items = static_cast<std::uint32_t>(rows_.items().size()) * layer.n_kv_heads;
  for_each_item(n_items,
                [&](std::uint32_t i) { attend(w, layer, rows_.items()[i / layer.n_kv_heads], i % layer.n_kv_heads); });
}

void ForwardPass::attend(const LayerWeights& w, const LayerParams& layer, const AttentionItem& item,
                         std::uint32_t kv_head) noexcept {
  const SeqRows& seq = rows_.seqs()[item.seq];
  kv::PageArena& arena = *cache_.arena;
  const kv::KvConfig& kv = arena.config();
  const HeadCache cache = head_cache(layer, kv_head);
  const std::size_t first_head = kv_head * layer.heads_per_kv();
  const std::size_t d_k = layer.d_head_k, d_v = layer.d_head_v;
  float* out = a_.attended + item.begin * std::size_t{layer.attn_width()} + first_head * d_v;
  kernels_.attention[static_cast<std::size_t>(kv.type)]({
      .q = a_.q + item.begin * std::size_t{layer.q_width()} + first_head * d_k,
      .q_token_stride = layer.q_width(),
      .n_tokens = item.end - item.begin,
      .n_heads = layer.heads_per_kv(),
      .first_position = seq.first_position + (item.begin - seq.begin),
      .k_base = cache.k,
      .v_base = cache.v,
      .page_stride = arena.page_stride(),
      .page_table = seq.pages,
      .page_tokens = kv.page_tokens,
      .d_head_k = layer.d_head_k,
      .d_head_v = layer.d_head_v,
      .scale = params_.attention_scale,
      .softcap = params_.attention_softcap,
      .window = layer.window,
      .window_kind = params_.window_kind,
      .n_keys = params_.causal ? 0 : seq.end - seq.begin,
      .alibi_slopes = alibi_slopes_.empty() ? nullptr : alibi_slopes_.data() + first_head,
      .sinks = w.sinks.empty() ? nullptr : w.sinks.data() + first_head,
      .out = out,
      .out_token_stride = layer.attn_width(),
  });
  if (arch_.attention_gate == AttentionGate::none) return;
  for (std::size_t row = item.begin; row < item.end; ++row) {
    float* answers = a_.attended + row * layer.attn_width();
    if (arch_.attention_gate == AttentionGate::apart) {
      const std::size_t begin = first_head * d_v, n = layer.heads_per_kv() * d_v;
      const float* gates = a_.wide_q + row * layer.attn_width() + begin;
      kernels_.sigmoid_mul(gates, answers + begin, n, answers + begin);
      continue;
    }
    const float* wide = a_.wide_q + row * 2 * layer.q_width();
    for (std::size_t h = first_head; h < first_head + layer.heads_per_kv(); ++h) {
      kernels_.sigmoid_mul(wide + (2 * h + 1) * d_k, answers + h * d_v, d_v, answers + h * d_v);
    }
  }
}

}  // namespace quern::engine
