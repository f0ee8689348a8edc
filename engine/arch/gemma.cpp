// Gemma 1: embeddings scaled by the root of their width, GELU gates, wide heads. Source: arXiv 2403.08295.
#include "engine/arch/arch_spec.hpp"

#include <cmath>

namespace quern::engine {

namespace {

Status adjust_gemma(const KeyReader&, HyperParams& p) {
  p.embedding_scale = std::sqrt(static_cast<float>(p.d_model));
  return {};
}

}  // namespace

extern const ArchSpec kGemma{
    .gguf_arch = "gemma", .rope = RopeStyle::split, .activation = Activation::gelu, .adjust = &adjust_gemma};

}  // namespace quern::engine
