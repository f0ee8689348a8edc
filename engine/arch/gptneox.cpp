// GPT-NeoX and Pythia: LayerNorm, biases everywhere, rope on a part of each head, attention and feed-forward side by
// side or in sequence, each with its own norm. Source: arXiv 2204.06745.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

Status adjust_gptneox(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.parallel_residual, keys.flag("use_parallel_residual"));
  return {};
}

}  // namespace

extern const ArchSpec kGptNeox{.gguf_arch = "gptneox",
                               .norm = NormKind::layer,
                               .rope = RopeStyle::split,
                               .activation = Activation::gelu,
                               .adjust = &adjust_gptneox,
                               .layer_tensors = blocks::kPlainLayer};

}  // namespace quern::engine
