// Ling and Ring, versions 1 and 2: mixtures with experts for all tokens. The first has Llama's attention and a softmax;
// the second normalizes query and key heads, rotates a part of each head, scores with a sigmoid, biases the choice and
// chooses within the best groups. Source: arXiv 2503.05139 (Ling), 2510.22115 (Ling 2).
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

extern const ArchSpec kBailingMoe{.gguf_arch = "bailingmoe",
                                  .mixture = {.use = MixtureRule::Use::required,
                                              .shared = MixtureRule::Shared::count,
                                              .normalize = false,
                                              .normalize_key = true,
                                              .dense_first = true}};

extern const ArchSpec kBailingMoe2{.gguf_arch = "bailingmoe2",
                                   .rope = RopeStyle::split,
                                   .draft_layers = true,
                                   .mixture = {.use = MixtureRule::Use::required,
                                               .shared = MixtureRule::Shared::length_times_count,
                                               .gating = Gating::sigmoid,
                                               .gating_key = true,
                                               .normalize = false,
                                               .normalize_key = true,
                                               .groups = true,
                                               .dense_first = true},
                                   .layer_tensors = blocks::kHeadNormLayer};

}  // namespace quern::engine
