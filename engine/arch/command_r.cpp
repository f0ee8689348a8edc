// Command R and R+: both blocks side by side on one LayerNorm without bias, scaled logits; the large model normalizes
// each query and key head with weights of its own. Source: model card and configuration of
// CohereLabs/c4ai-command-r-v01.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kCommandRLayer[] = {
    {Where::every_layer, kOneNorm},
    {Where::attention, kAttention},
    {Where::attention, kEachHeadNorms},
    {Where::dense, kGatedFfn},
};

Result<HyperParams> read_command_r(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::layer));
  QUERN_TRY(p.logit_scale, keys.positive("logit_scale", kMaxFloatKey));
  p.parallel_residual = true;
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kCommandR{.gguf_arch = "command-r",
                                .norm = NormKind::layer,
                                .rope = RopeStyle::interleaved,
                                .qk_norm = QkNorm::each_head,
                                .read_params = &read_command_r,
                                .model_tensors = blocks::kDecoder,
                                .layer_tensors = kCommandRLayer};

}  // namespace quern::engine
