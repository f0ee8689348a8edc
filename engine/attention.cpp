// The attention block of a layer: projections, rotation, K and V into their pages, attention over the pages.
#include "engine/forward_pass.hpp"

#include <cstring>

namespace quern::engine {

void ForwardPass::attention(const LayerWeights& w, std::uint32_t layer) noexcept {
  const Inputs in = inputs_for({&w.attn_q, &w.attn_k, &w.attn_v}, rows_.n_rows(), rows_.n_decode_rows());
  norm_and_convert(w.attn_norm, in);
  pool_.run([&](std::uint32_t worker) {
    multiply(w.attn_q, in.input[0], worker, a_.q, params_.q_width());
    add_bias(w.attn_q, w.attn_q_bias, worker, a_.q, params_.q_width());
    multiply(w.attn_k, in.input[1], worker, a_.k, params_.k_width());
    add_bias(w.attn_k, w.attn_k_bias, worker, a_.k, params_.k_width());
    multiply(w.attn_v, in.input[2], worker, a_.v, params_.v_width());
    add_bias(w.attn_v, w.attn_v_bias, worker, a_.v, params_.v_width());
  });
  pool_.run([&](std::uint32_t worker) { rotate_and_store(layer, my_rows(worker)); });

  const auto n_items = static_cast<std::uint32_t>(rows_.items().size()) * params_.n_kv_heads;
  next_item_.store(0, std::memory_order_relaxed);  // the pool's hand-over orders this before the workers' reads
  pool_.run([&](std::uint32_t) {
    for (std::uint32_t i; (i = next_item_.fetch_add(1, std::memory_order_relaxed)) < n_items;) {
      attend(layer, rows_.items()[i / params_.n_kv_heads], i % params_.n_kv_heads);
    }
  });
  project_and_add(w.attn_out, w.attn_out_bias, a_.attended);
}

void ForwardPass::rotate_and_store(std::uint32_t layer, kernels::Range rows) noexcept {
  const kv::KvConfig& kv = arena_.config();
  const auto rotate = model_.arch().rope == RopeStyle::interleaved ? kernels_.rope_interleaved : kernels_.rope_split;
  const auto store = [&](const float* from, std::size_t n, std::byte* to) {
    if (kv.type == kernels::KvType::f16) {
      kernels_.f32_to_f16(from, n, reinterpret_cast<std::uint16_t*>(to));
    } else {
      std::memcpy(to, from, n * sizeof(float));
    }
  };
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    float* q = a_.q + row * params_.q_width();
    float* k = a_.k + row * params_.k_width();
    const float* v = a_.v + row * params_.v_width();
    if (model_.arch().rope != RopeStyle::none) {
      const float* cos_sin = a_.cos_sin + row * params_.rope.n_rot;
      rotate(q, params_.n_heads, params_.d_head_k, params_.rope.n_rot, cos_sin);
      rotate(k, params_.n_kv_heads, params_.d_head_k, params_.rope.n_rot, cos_sin);
    }
    const std::uint32_t slot = rows_.kv_slots()[row];
    const std::size_t page_offset = slot / kv.page_tokens * arena_.page_stride();
    const std::size_t in_page = slot % kv.page_tokens;
    for (std::uint32_t h = 0; h < params_.n_kv_heads; ++h) {
      store(k + h * params_.d_head_k, params_.d_head_k,
            arena_.k_base(layer, h) + page_offset + in_page * params_.d_head_k * kv.value_bytes());
      store(v + h * params_.d_head_v, params_.d_head_v,
            arena_.v_base(layer, h) + page_offset + in_page * params_.d_head_v * kv.value_bytes());
    }
  }
}

void ForwardPass::attend(std::uint32_t layer, const AttentionItem& item, std::uint32_t kv_head) noexcept {
  const SeqRows& seq = rows_.seqs()[item.seq];
  const kv::KvConfig& kv = arena_.config();
  const std::uint32_t first_head = kv_head * params_.heads_per_kv();
  kernels_.attention[static_cast<std::size_t>(kv.type)]({
      .q = a_.q + std::size_t{item.begin} * params_.q_width() + first_head * params_.d_head_k,
      .q_token_stride = params_.q_width(),
      .n_tokens = item.end - item.begin,
      .n_heads = params_.heads_per_kv(),
      .first_position = seq.first_position + (item.begin - seq.begin),
      .k_base = arena_.k_base(layer, kv_head),
      .v_base = arena_.v_base(layer, kv_head),
      .page_stride = arena_.page_stride(),
      .page_table = seq.pages,
      .page_tokens = kv.page_tokens,
      .d_head_k = params_.d_head_k,
      .d_head_v = params_.d_head_v,
      .scale = params_.attention_scale,
      .softcap = 0.0f,
      .window = 0,
      .alibi_slopes = nullptr,
      .sinks = nullptr,
      .out = a_.attended + std::size_t{item.begin} * params_.attn_width() + first_head * params_.d_head_v,
      .out_token_stride = params_.attn_width(),
  });
}

}  // namespace quern::engine
