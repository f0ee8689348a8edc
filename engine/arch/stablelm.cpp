// StableLM 3B, 2 1.6B and 2 12B: Llama with LayerNorm and rope on a part of each head; the 12B model normalizes each
// query and key head with weights of its own and computes both blocks side by side. Source: arXiv 2402.17834.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kStablelmNorms[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"ffn_norm", optional, &L::ffn_norm, Dim::d_model},
};
constexpr TensorGroup kStablelmLayer[] = {
    {Where::every_layer, kStablelmNorms},
    {Where::attention, kAttention},
    {Where::attention, kEachHeadNorms},
    {Where::dense, kGatedFfn},
};

Status adjust_stablelm(const KeyReader& keys, HyperParams& p) {
  // Converters write true where the configuration says nothing; without a second norm nothing else is possible.
  keys.ignore("use_parallel_residual");
  p.parallel_residual = keys.file().find_tensor("blk.0.ffn_norm.weight") == nullptr;
  return {};
}

}  // namespace

extern const ArchSpec kStablelm{.gguf_arch = "stablelm",
                                .norm = NormKind::layer,
                                .rope = RopeStyle::split,
                                .qk_norm = QkNorm::each_head,
                                .adjust = &adjust_stablelm,
                                .layer_tensors = kStablelmLayer};

}  // namespace quern::engine
