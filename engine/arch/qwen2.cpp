// Qwen 2 and 2.5: Llama with rope on split halves and biases on queries, keys and values. Source: arXiv 2407.10671.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

Result<HyperParams> read_qwen2(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kQwen2{.gguf_arch = "qwen2",
                             .rope = RopeStyle::split,
                             .rank = {.row = PoolRow::last},
                             .read_params = &read_qwen2,
                             .model_tensors = blocks::kDecoder,
                             .layer_tensors = blocks::kLlamaLayer};

}  // namespace quern::engine
