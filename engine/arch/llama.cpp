// Llama 1-3, Mistral, Mixtral, TinyLlama, SmolLM, and models with their graph under other names: RMSNorm, rope on
// interleaved pairs, grouped query attention, gated SiLU feed-forward or a softmax mixture of such experts. Arcee has
// squared ReLU without gates instead. Source: arXiv 2302.13971 (Llama), 2401.04088 (Mixtral), 2403.17297 (InternLM 2,
// whose fused projections are split when a GGUF is made); configurations of xverse/XVERSE-7B and arcee-ai/AFM-4.5B.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

extern const ArchSpec kLlama{.gguf_arch = "llama",
                             .mixture = {.use = MixtureRule::Use::optional, .shared = MixtureRule::Shared::length}};

extern const ArchSpec kInternlm2{.gguf_arch = "internlm2"};

extern const ArchSpec kXverse{.gguf_arch = "xverse"};

extern const ArchSpec kArcee{
    .gguf_arch = "arcee", .activation = Activation::squared_relu, .layer_tensors = blocks::kPlainLayer};

}  // namespace quern::engine
