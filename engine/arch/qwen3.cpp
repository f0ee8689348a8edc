// Qwen 3, dense and MoE, its embedding models and rerankers, and the text side of Qwen 3 VL: Qwen 2 with each head's
// query and key normalized instead of biased. Every layer of the mixtures is one whose chosen weights are made to sum
// to 1. The rerankers answer from the last token, as probabilities of their labels. The vision models divide the pairs
// of the rotation among axes in turn; what they add to the first layers is of images only.
// Source: arXiv 2505.09388 (Qwen 3), 2506.05176 (Qwen 3 Embedding), 2511.21631 (Qwen 3 VL).
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

constexpr MixtureRule kQwen3Mixture{.use = MixtureRule::Use::required, .width = MixtureRule::Width::dense_share};

Status adjust_qwen3vl(const KeyReader& keys, HyperParams&) {
  keys.ignore("n_deepstack_layers");
  return {};
}

}  // namespace

extern const ArchSpec kQwen3{.gguf_arch = "qwen3",
                             .rope = RopeStyle::split,
                             .rank = {.row = PoolRow::last, .softmax = true},
                             .layer_tensors = blocks::kHeadNormLayer};

extern const ArchSpec kQwen3Moe{.gguf_arch = "qwen3moe",
                                .rope = RopeStyle::split,
                                .mixture = kQwen3Mixture,
                                .layer_tensors = blocks::kHeadNormLayer};

extern const ArchSpec kQwen3Vl{.gguf_arch = "qwen3vl",
                               .rope = RopeStyle::split,
                               .sections = RopeSections::interleaved,
                               .adjust = &adjust_qwen3vl,
                               .layer_tensors = blocks::kHeadNormLayer};

extern const ArchSpec kQwen3VlMoe{.gguf_arch = "qwen3vlmoe",
                                  .rope = RopeStyle::split,
                                  .sections = RopeSections::interleaved,
                                  .mixture = kQwen3Mixture,
                                  .adjust = &adjust_qwen3vl,
                                  .layer_tensors = blocks::kHeadNormLayer};

}  // namespace quern::engine
