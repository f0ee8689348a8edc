// Command R7B, Command A: Command R where three layers of four have a window and rope, and the fourth sees everything
// without positions. Source: arXiv 2504.00698.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kCohere2Layer[] = {
    {Where::every_layer, kOneNorm},
    {Where::attention, kAttention},
    {Where::dense, kGatedFfn},
};

Result<HyperParams> read_cohere2(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::layer));
  QUERN_TRY(p.logit_scale, keys.positive("logit_scale", kMaxFloatKey));
  QUERN_TRY(const std::uint32_t window, keys.count("attention.sliding_window", 1, UINT32_MAX));
  QUERN_CHECK(read_windows(keys, 4, FullLayer::last, window, p));
  for (LayerParams& layer : p.layers) layer.rope = layer.window != 0 ? 0 : LayerParams::kNoRope;
  p.parallel_residual = true;
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kCohere2{.gguf_arch = "cohere2",
                               .norm = NormKind::layer,
                               .rope = RopeStyle::interleaved,
                               .read_params = &read_cohere2,
                               .model_tensors = blocks::kDecoder,
                               .layer_tensors = kCohere2Layer};

}  // namespace quern::engine
