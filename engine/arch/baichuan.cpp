// Baichuan 1 and 2: Llama; the 13B models (40 layers) have ALiBi instead of rope. Source: arXiv 2309.10305.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

constexpr std::uint32_t kLayersOf13B = 40;

Result<HyperParams> read_baichuan(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  if (p.n_layers() == kLayersOf13B) {
    p.alibi_max_bias = 8.0f;
    for (LayerParams& layer : p.layers) layer.rope = LayerParams::kNoRope;
  }
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kBaichuan{.gguf_arch = "baichuan",
                                .rope = RopeStyle::interleaved,
                                .read_params = &read_baichuan,
                                .model_tensors = blocks::kDecoder,
                                .layer_tensors = blocks::kLlamaLayer};

}  // namespace quern::engine
