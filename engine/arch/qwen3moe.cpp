// Qwen 3 MoE: the attention of Qwen 3; every layer a mixture whose chosen weights are made to sum to 1.
// Source: arXiv 2505.09388.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kQwen3moeLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::attention, kHeadNorms},
    {Where::experts, kExperts},
};

Result<HyperParams> read_qwen3moe(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  QUERN_TRY(const std::uint32_t n_experts, keys.count("expert_count", 1, kMaxExperts));
  QUERN_TRY(const std::uint32_t n_used, keys.count("expert_used_count", 1, n_experts));
  QUERN_CHECK(read_experts(keys, p.d_ff / n_used, p));
  QUERN_CHECK(require_same(keys, "expert_shared_feed_forward_length", p.moe.d_ff_shared, 0));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kQwen3Moe{.gguf_arch = "qwen3moe",
                                .rope = RopeStyle::split,
                                .read_params = &read_qwen3moe,
                                .model_tensors = blocks::kDecoder,
                                .layer_tensors = kQwen3moeLayer};

}  // namespace quern::engine
