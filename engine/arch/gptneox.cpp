// GPT-NeoX and Pythia: LayerNorm, biases everywhere, rope on a part of each head, attention and feed-forward side by
// side or in sequence, each with its own norm. Source: arXiv 2204.06745.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kGptneoxLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
};

Result<HyperParams> read_gptneox(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::layer));
  QUERN_TRY(p.parallel_residual, keys.flag("use_parallel_residual"));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kGptNeox{.gguf_arch = "gptneox",
                               .norm = NormKind::layer,
                               .rope = RopeStyle::split,
                               .activation = Activation::gelu,
                               .read_params = &read_gptneox,
                               .model_tensors = blocks::kDecoder,
                               .layer_tensors = kGptneoxLayer};

}  // namespace quern::engine
