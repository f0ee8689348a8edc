// GPT-2 and StarCoder: LayerNorm, biases everywhere, learned positions, plain GELU feed-forward; StarCoder with one KV
// head. Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", and the configuration of
// openai-community/gpt2; arXiv 2305.06161 (StarCoder).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

Status place_by_table(const KeyReader&, HyperParams& p) {
  p.n_learned_positions = p.n_context_train;
  rotate_nowhere(p);
  return {};
}

}  // namespace

extern const ArchSpec kGpt2{.gguf_arch = "gpt2",
                            .norm = NormKind::layer,
                            .activation = Activation::gelu,
                            .adjust = &place_by_table,
                            .model_tensors = blocks::kPlacedDecoder,
                            .layer_tensors = blocks::kPlainLayer};

extern const ArchSpec kStarcoder{.gguf_arch = "starcoder",
                                 .norm = NormKind::layer,
                                 .activation = Activation::gelu,
                                 .adjust = &place_by_table,
                                 .model_tensors = blocks::kPlacedDecoder,
                                 .layer_tensors = blocks::kPlainLayer};

}  // namespace quern::engine
