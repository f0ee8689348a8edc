// SmolLM 3: Llama where every fourth layer has no positions. Source: model card of HuggingFaceTB/SmolLM3-3B; arXiv
// 2501.18795 (layers without rope).
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

namespace {

constexpr std::uint32_t kNoRopePeriod = 4;

Status adjust_smollm3(const KeyReader&, HyperParams& p) {
  for (std::uint32_t i = kNoRopePeriod - 1; i < p.n_layers(); i += kNoRopePeriod)
    p.layers[i].rope = LayerParams::kNoRope;
  return {};
}

}  // namespace

extern const ArchSpec kSmollm3{.gguf_arch = "smollm3", .adjust = &adjust_smollm3};

}  // namespace quern::engine
