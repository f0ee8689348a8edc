// MiniMax M2: rope on a part of each head, queries normalized over all heads together, and keys; a sigmoid mixture with
// biased choice in every layer. Source: configuration and modeling code of MiniMaxAI/MiniMax-M2.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kMinimaxLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::attention, kWholeNorms},
    {Where::experts, kExperts},
};

}  // namespace

extern const ArchSpec kMinimaxM2{
    .gguf_arch = "minimax-m2",
    .rope = RopeStyle::split,
    .qk_norm = QkNorm::whole,
    .mixture = {.use = MixtureRule::Use::required, .gating = Gating::sigmoid, .gating_key = true},
    .layer_tensors = kMinimaxLayer};

}  // namespace quern::engine
