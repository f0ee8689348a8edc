// Qwen 3, its embedding models and its rerankers: Qwen 2 with each head's query and key normalized instead of biased.
// The rerankers answer from the last token, as probabilities of their labels. Source: arXiv 2505.09388 (Qwen 3),
// 2506.05176 (Qwen 3 Embedding).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kQwen3Layer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::attention, kHeadNorms},
    {Where::dense, kGatedFfn},
};

Result<HyperParams> read_qwen3(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kQwen3{.gguf_arch = "qwen3",
                             .rope = RopeStyle::split,
                             .rank = {.row = PoolRow::last, .softmax = true},
                             .read_params = &read_qwen3,
                             .model_tensors = blocks::kDecoder,
                             .layer_tensors = kQwen3Layer};

}  // namespace quern::engine
