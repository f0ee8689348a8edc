// Falcon 7B and 40B: attention and a plain GELU feed-forward side by side; the large model gives attention a norm of
// its own. Source: arXiv 2311.16867.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

// With two norms attn_norm is the feed-forward's. With one, both blocks read it.
constexpr LayerTensor kFalconNorms[] = {
    {"attn_norm_2", optional, &L::attn_norm, Dim::d_model},
    {"attn_norm", required, &L::ffn_norm, Dim::d_model},
};
constexpr TensorGroup kFalconLayer[] = {
    {Where::every_layer, kFalconNorms},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
};

Status adjust_falcon(const KeyReader&, HyperParams& p) {
  p.parallel_residual = true;
  return {};
}

}  // namespace

extern const ArchSpec kFalcon{.gguf_arch = "falcon",
                              .norm = NormKind::layer,
                              .rope = RopeStyle::split,
                              .activation = Activation::gelu,
                              .adjust = &adjust_falcon,
                              .layer_tensors = kFalconLayer};

}  // namespace quern::engine
