// BitNet b1.58: Llama with a norm before the last matrix of either block, and a factor beside each matrix, since a
// matrix has the values -1, 0 and 1 only. Source: arXiv 2402.17764.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kSubNorms[] = {
    {"attn_sub_norm", required, &L::attn_sub_norm, Dim::attn_width},
    {"ffn_sub_norm", required, &L::ffn_sub_norm, Dim::d_ff},
};
constexpr TensorGroup kBitnetLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::every_layer, kSubNorms},
    {Where::attention, kAttention},
    {Where::dense, kGatedFfn},
};

}  // namespace

extern const ArchSpec kBitnet{.gguf_arch = "bitnet", .rope = RopeStyle::split, .layer_tensors = kBitnetLayer};

}  // namespace quern::engine
