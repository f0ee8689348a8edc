// Qwen 1.5 and 2 MoE: the attention of Qwen 2; every layer a mixture whose softmax weights are used as they are, and an
// expert for all tokens behind a sigmoid gate of its own. Source: arXiv 2407.10671, section 2.2.2.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kQwen2moeLayer[] = {
    {Where::every_layer, kPreNorms},       {Where::attention, kAttention},        {Where::experts, kExperts},
    {Where::shared_expert, kSharedExpert}, {Where::shared_expert, kSharedRouter},
};

}  // namespace

extern const ArchSpec kQwen2Moe{.gguf_arch = "qwen2moe",
                                .rope = RopeStyle::split,
                                .mixture = {.use = MixtureRule::Use::required,
                                            .width = MixtureRule::Width::dense_share,
                                            .shared = MixtureRule::Shared::length_or_dense,
                                            .normalize = false},
                                .layer_tensors = kQwen2moeLayer};

}  // namespace quern::engine
