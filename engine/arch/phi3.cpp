// Phi 3, 3.5 and 4-mini: Llama with rope on split halves, fused projections, and frequency divisors that depend on
// whether the context is longer than the one trained first. Source: arXiv 2404.14219; arXiv 2402.13753 (LongRoPE).
// attention.sliding_window is left out as the reference does: the first files of Phi 3 carry it wrongly.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kPhi3Layer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::dense, kFusedGatedFfn},
};

Result<HyperParams> read_phi3(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  keys.ignore("attention.sliding_window");
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kPhi3{.gguf_arch = "phi3",
                            .rope = RopeStyle::split,
                            .read_params = &read_phi3,
                            .model_tensors = blocks::kDecoder,
                            .layer_tensors = kPhi3Layer};

}  // namespace quern::engine
