// Llama 4 (text): three layers of four see their chunk of 8192 positions only, rotate, and scale queries and keys to
// unit size afterwards; the fourth sees everything without positions, its queries growing with the position. Mixtures
// in every n-th layer weigh an expert's input by a sigmoid. Source: model card and configuration of
// meta-llama/Llama-4-Scout-17B-16E (attention_chunk_size, attn_temperature_tuning, floor_scale, attn_scale,
// use_qk_norm, which the 128-expert model has off).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

constexpr std::uint32_t kChunk = 8192, kPeriod = 4, kExpertsOfMaverick = 128;

Status adjust_llama4(const KeyReader& keys, HyperParams& p) {
  if (p.moe.d_ff_shared != 0)
    QUERN_CHECK(require_same(keys, "expert_shared_feed_forward_length", p.moe.d_ff_shared, p.moe.d_ff));
  p.moe.d_ff_shared = p.moe.d_ff;
  p.moe.weight_inputs = true;
  QUERN_TRY(const std::uint32_t step, keys.count("interleave_moe_layer_step", 0, kMaxLayers));
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) p.layers[i].use_experts(step > 0 && (i + 1) % step == 0);

  // The chunk is a constant of the architecture; a window of 0 says that there is none, and rope everywhere.
  QUERN_TRY(const std::uint32_t window, keys.count_or("attention.sliding_window", 0, UINT32_MAX, kChunk));
  if (window != 0) {
    QUERN_CHECK(require_same(keys, "attention.sliding_window", window, kChunk));
    QUERN_CHECK(read_windows(keys, kPeriod, FullLayer::last, kChunk, p));
    for (LayerParams& layer : p.layers) layer.window = layer.window != 0 ? kChunk : 0;
    p.window_kind = kernels::WindowKind::chunk;
    p.temperature_scale = 0.1f;
    p.temperature_floor = static_cast<float>(kChunk);
    p.temperature_offset = 1;
  }
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    LayerParams& layer = p.layers[i];
    const bool has_rope = window == 0 || (i + 1) % kPeriod != 0;
    layer.rope = has_rope ? 0 : LayerParams::kNoRope;
    layer.query_temperature = !has_rope;
    layer.unit_qk = has_rope && p.moe.n_experts != kExpertsOfMaverick;
  }
  return {};
}

}  // namespace

extern const ArchSpec kLlama4{.gguf_arch = "llama4",
                              .mixture = {.use = MixtureRule::Use::required,
                                          .width = MixtureRule::Width::own,
                                          .shared = MixtureRule::Shared::length,
                                          .gating = Gating::sigmoid,
                                          .normalize = false},
                              .adjust = &adjust_llama4};

}  // namespace quern::engine
