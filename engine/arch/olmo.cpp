// OLMo 1 and OLMoE: the first has LayerNorm without weights and may clamp queries, keys and values; the second
// normalizes queries over all heads together, and keys, and is a mixture whose softmax weights are used as they are.
// Source: arXiv 2402.00838 (OLMo), 2409.02060 (OLMoE).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kOlmoModel[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"output", optional, &M::output, Dim::n_vocab, Dim::d_model},
};
constexpr TensorGroup kOlmoLayer[] = {
    {Where::attention, kAttention},
    {Where::dense, kGatedFfn},
};
constexpr TensorGroup kOlmoeLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::attention, kWholeNorms},
    {Where::experts, kExperts},
};

Status adjust_olmo(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.qkv_clamp, keys.number_or("attention.clamp_kqv", 0, kMaxFloatKey, 0));
  return {};
}

}  // namespace

extern const ArchSpec kOlmo{.gguf_arch = "olmo",
                            .norm = NormKind::bare_layer,
                            .adjust = &adjust_olmo,
                            .model_tensors = kOlmoModel,
                            .layer_tensors = kOlmoLayer};

extern const ArchSpec kOlmoe{.gguf_arch = "olmoe",
                             .rope = RopeStyle::split,
                             .qk_norm = QkNorm::whole,
                             .mixture = {.use = MixtureRule::Use::required, .normalize = false},
                             .layer_tensors = kOlmoeLayer};

}  // namespace quern::engine
