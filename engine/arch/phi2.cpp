// Phi 1, 1.5 and 2: attention and a plain GELU feed-forward side by side on one LayerNorm, rope on a part of each head.
// Source: model card and configuration of microsoft/phi-2.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kPhi2Layer[] = {
    {Where::every_layer, kOneNorm},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
};

Result<HyperParams> read_phi2(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::layer));
  p.parallel_residual = true;
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kPhi2{.gguf_arch = "phi2",
                            .norm = NormKind::layer,
                            .rope = RopeStyle::split,
                            .activation = Activation::gelu,
                            .read_params = &read_phi2,
                            .model_tensors = blocks::kDecoder,
                            .layer_tensors = kPhi2Layer};

}  // namespace quern::engine
