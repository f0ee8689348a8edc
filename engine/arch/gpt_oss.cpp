// gpt-oss: attention sinks, a window in every second layer, YaRN, biases everywhere, and experts with a clamped gate
// whose weights are a softmax over the chosen ones only. Source: arXiv 2508.10925 (model card) and the configuration of
// openai/gpt-oss-20b.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kGptOssNorms[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"post_attention_norm", required, &L::ffn_norm, Dim::d_model},
};
constexpr LayerTensor kSinks[] = {
    {"attn_sinks.weight", required, &L::sinks, Dim::n_heads},
};
constexpr TensorGroup kGptOssLayer[] = {
    {Where::every_layer, kGptOssNorms},
    {Where::attention, kAttention},
    {Where::attention, kSinks},
    {Where::experts, kExperts},
};

Result<HyperParams> read_gpt_oss(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  QUERN_TRY(const std::uint32_t d_expert, keys.count("expert_feed_forward_length", 1, kMaxWidth));
  QUERN_CHECK(keys.count("expert_count", 1, kMaxExperts));
  QUERN_CHECK(read_experts(keys, d_expert, p));
  p.moe.gating = Gating::softmax_of_chosen;
  p.moe.normalize = false;
  QUERN_CHECK(require_same(keys, "expert_shared_feed_forward_length", p.moe.d_ff_shared, 0));
  QUERN_TRY(const std::uint32_t window, keys.count("attention.sliding_window", 1, UINT32_MAX));
  QUERN_CHECK(read_windows(keys, 2, FullLayer::last, window, p));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kGptOss{.gguf_arch = "gpt-oss",
                              .rope = RopeStyle::split,
                              .activation = Activation::clamped_swiglu,
                              .read_params = &read_gpt_oss,
                              .model_tensors = blocks::kDecoder,
                              .layer_tensors = kGptOssLayer};

}  // namespace quern::engine
