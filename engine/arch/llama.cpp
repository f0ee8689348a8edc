// Llama 1-3, Mistral, Mixtral, TinyLlama, SmolLM and all that use their graph: RMSNorm, rope on interleaved pairs,
// grouped query attention, gated SiLU feed-forward or a softmax mixture of such experts. Source: arXiv 2302.13971
// (Llama), 2401.04088 (Mixtral); GGUF keys under "llama.".
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

Result<HyperParams> read_llama(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  QUERN_CHECK(read_experts(keys, p.d_ff, p));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kLlama{.gguf_arch = "llama",
                             .rope = RopeStyle::interleaved,
                             .read_params = &read_llama,
                             .model_tensors = blocks::kDecoder,
                             .layer_tensors = blocks::kLlamaLayer};

}  // namespace quern::engine
