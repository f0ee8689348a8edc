// DeepSeek MoE (version 1) and dots.llm1: dense layers first, then fine-grained experts with some for all tokens. The
// second normalizes query and key heads, scores with a sigmoid and biases the choice. Source: arXiv 2401.06066
// (DeepSeek MoE), 2506.05767 (dots.llm1).
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

extern const ArchSpec kDeepseek{.gguf_arch = "deepseek",
                                .mixture = {.use = MixtureRule::Use::required,
                                            .shared = MixtureRule::Shared::count,
                                            .normalize = false,
                                            .dense_first = true}};

extern const ArchSpec kDots1{.gguf_arch = "dots1",
                             .rope = RopeStyle::split,
                             .mixture = {.use = MixtureRule::Use::required,
                                         .shared = MixtureRule::Shared::count,
                                         .gating = Gating::sigmoid,
                                         .gating_key = true,
                                         .normalize = false,
                                         .normalize_key = true,
                                         .dense_first = true},
                             .layer_tensors = blocks::kHeadNormLayer};

}  // namespace quern::engine
