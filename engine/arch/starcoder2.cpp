// StarCoder 2: LayerNorm, biases everywhere, rope on split halves, plain GELU feed-forward. Source: arXiv 2402.19173.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kStarcoder2Layer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::dense, kPlainFfn},
};

Result<HyperParams> read_starcoder2(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::layer));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kStarcoder2{.gguf_arch = "starcoder2",
                                  .norm = NormKind::layer,
                                  .rope = RopeStyle::split,
                                  .activation = Activation::gelu,
                                  .read_params = &read_starcoder2,
                                  .model_tensors = blocks::kDecoder,
                                  .layer_tensors = kStarcoder2Layer};

}  // namespace quern::engine
