// Gemma 1: embeddings scaled by the root of their width, GELU gates, wide heads. Source: arXiv 2403.08295.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

Result<HyperParams> read_gemma(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  p.embedding_scale = std::sqrt(static_cast<float>(p.d_model));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kGemma{.gguf_arch = "gemma",
                             .rope = RopeStyle::split,
                             .activation = Activation::gelu,
                             .read_params = &read_gemma,
                             .model_tensors = blocks::kDecoder,
                             .layer_tensors = blocks::kLlamaLayer};

}  // namespace quern::engine
