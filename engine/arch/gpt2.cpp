// GPT-2: LayerNorm, biases everywhere, learned positions, plain GELU feed-forward. Source: Radford et al. 2019,
// "Language Models are Unsupervised Multitask Learners", and the configuration of openai-community/gpt2.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kGpt2Model[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"position_embd.weight", required, &M::position_embd, Dim::n_context, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"output", optional, &M::output, Dim::n_vocab, Dim::d_model},
};
constexpr TensorGroup kGpt2Layer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
};

Result<HyperParams> read_gpt2(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::layer));
  p.n_learned_positions = p.n_context_train;
  for (LayerParams& layer : p.layers) layer.rope = LayerParams::kNoRope;
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kGpt2{.gguf_arch = "gpt2",
                            .norm = NormKind::layer,
                            .activation = Activation::gelu,
                            .read_params = &read_gpt2,
                            .model_tensors = kGpt2Model,
                            .layer_tensors = kGpt2Layer};

}  // namespace quern::engine
