// Orion and Seed-OSS: Llama with rope on split halves; Orion with LayerNorm, Seed-OSS with biases on queries, keys and
// values and another name for the second norm. Source: arXiv 2401.12246 (Orion); model card and configuration of
// ByteDance-Seed/Seed-OSS-36B-Instruct.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kSeedOssLayer[] = {
    {Where::every_layer, kNormsAroundAttention},
    {Where::attention, kAttention},
    {Where::dense, kGatedFfn},
};

}  // namespace

extern const ArchSpec kOrion{.gguf_arch = "orion", .norm = NormKind::layer, .rope = RopeStyle::split};

extern const ArchSpec kSeedOss{.gguf_arch = "seed_oss", .rope = RopeStyle::split, .layer_tensors = kSeedOssLayer};

}  // namespace quern::engine
