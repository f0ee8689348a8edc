// SmolLM 3: Llama where every fourth layer has no positions. Source: model card of HuggingFaceTB/SmolLM3-3B; arXiv
// 2501.18795 (layers without rope).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

constexpr std::uint32_t kNoRopePeriod = 4;

Result<HyperParams> read_smollm3(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  for (std::uint32_t i = kNoRopePeriod - 1; i < p.n_layers(); i += kNoRopePeriod) {
    p.layers[i].rope = LayerParams::kNoRope;
  }
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kSmollm3{.gguf_arch = "smollm3",
                               .rope = RopeStyle::interleaved,
                               .read_params = &read_smollm3,
                               .model_tensors = blocks::kDecoder,
                               .layer_tensors = blocks::kLlamaLayer};

}  // namespace quern::engine
