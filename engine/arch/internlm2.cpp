// InternLM 2: the graph of Llama (its fused projections are split when a GGUF is made). Source: arXiv 2403.17297.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

Result<HyperParams> read_internlm2(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kInternlm2{.gguf_arch = "internlm2",
                                 .rope = RopeStyle::interleaved,
                                 .read_params = &read_internlm2,
                                 .model_tensors = blocks::kDecoder,
                                 .layer_tensors = blocks::kLlamaLayer};

}  // namespace quern::engine
