// Qwen 1.5 and 2 MoE: the attention of Qwen 2; every layer a mixture whose softmax weights are used as they are, and an
// expert for all tokens behind a sigmoid gate of its own. Source: arXiv 2407.10671, section 2.2.2.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kSharedRouter[] = {
    {"ffn_gate_inp_shexp", required, &L::shared_router, Dim::one, Dim::d_model},
};

constexpr TensorGroup kQwen2moeLayer[] = {
    {Where::every_layer, kPreNorms},       {Where::attention, kAttention},        {Where::experts, kExperts},
    {Where::shared_expert, kSharedExpert}, {Where::shared_expert, kSharedRouter},
};

Result<HyperParams> read_qwen2moe(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  QUERN_TRY(const std::uint32_t n_experts, keys.count("expert_count", 1, kMaxExperts));
  // Without a width of their own, the experts used share that of the dense block.
  QUERN_TRY(const std::uint32_t n_used, keys.count("expert_used_count", 1, n_experts));
  QUERN_CHECK(read_experts(keys, p.d_ff / n_used, p));
  if (p.moe.d_ff_shared == 0) p.moe.d_ff_shared = p.d_ff;
  p.moe.normalize = false;
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kQwen2Moe{.gguf_arch = "qwen2moe",
                                .rope = RopeStyle::split,
                                .read_params = &read_qwen2moe,
                                .model_tensors = blocks::kDecoder,
                                .layer_tensors = kQwen2moeLayer};

}  // namespace quern::engine
