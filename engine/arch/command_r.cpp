// Command R and R+: both blocks side by side on one LayerNorm without bias, scaled logits; the large model normalizes
// each query and key head with weights of its own. Source: model card and configuration of
// CohereLabs/c4ai-command-r-v01.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

Status adjust_command_r(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.logit_scale, keys.positive("logit_scale", kMaxFloatKey));
  p.parallel_residual = true;
  return {};
}

}  // namespace

extern const ArchSpec kCommandR{.gguf_arch = "command-r",
                                .norm = NormKind::layer,
                                .qk_norm = QkNorm::each_head,
                                .adjust = &adjust_command_r,
                                .layer_tensors = blocks::kOneNormLayer};

}  // namespace quern::engine
